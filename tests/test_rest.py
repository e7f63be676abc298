from rest_framework.test import APIClient


def test_an_address_that_is_not_there_answers_like_the_rest_of_the_api(db):
    answer = APIClient().get("/api/v1/nothing/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"] == "not_found"
