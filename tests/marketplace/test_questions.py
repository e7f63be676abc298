"""Questions before a purchase: who asks, who answers, who sees them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from generation.models import Notification
from marketplace.listings import drafts, privacy, questions
from marketplace.listings.models import Question

pytestmark = pytest.mark.django_db
TEXT = "Are hats among the <shirts>?"


@pytest.fixture(autouse=True)
def letters_at_once(monkeypatch):
    later = SimpleNamespace(later=lambda errand, *ids, otherwise=None: errand(*ids))
    monkeypatch.setattr(questions, "background", later)


@pytest.fixture
def path(published) -> str:
    return reverse("listing-questions", args=[published.public_id])


@pytest.fixture
def question(bob, published) -> Question:
    return questions.ask(bob, published, TEXT)


def answer_path(question: Question) -> str:
    return reverse("question-answer", args=[question.pk])


def test_a_question_reaches_the_seller_by_bell_and_letter(alice, bob, published, path, browser_of):
    assert browser_of(bob).post(path, {"text": TEXT}).url == path
    told = Notification.objects.get(owner=alice, kind="question")
    assert (told.title, told.sentence) == (published.current.title, TEXT)
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert TEXT in letter.body
    assert told.address in letter.body


def test_an_answer_reaches_whoever_asked_and_then_everybody_sees_both(alice, bob, client, question, path, browser_of):
    assert TEXT not in page(client, path)
    mail.outbox.clear()
    assert browser_of(alice).post(answer_path(question), {"text": "No, only shirts."}).url == reverse(
        "studio-questions"
    )
    assert Notification.objects.get(owner=bob, kind="answer").sentence == "The seller answered: No, only shirts."
    assert mail.outbox[0].to == ["bob@example.com"]
    text = page(client, path)
    assert "Are hats among the &lt;shirts&gt;?" in text
    assert "No, only shirts." in text
    assert "Bob" not in text


def page(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_until_then_only_the_two_of_them_see_it(alice, bob, charlie, question, path, browser_of):
    assert "waits for the seller" in page(browser_of(bob), path).lower()
    assert answer_path(question) in page(browser_of(alice), path)
    assert "hats" not in page(browser_of(charlie), path)


def test_the_listings_page_shows_them(alice, bob, client, published, question, browser_of):
    questions.answer(question, "No, only shirts.")
    text = page(client, published.get_absolute_url())
    if 'id="questions"' in text:
        assert "No, only shirts." in text
        assert "Sign in to ask a question" in text


def test_a_changed_answer_is_told_to_nobody_again(bob, question):
    assert questions.answer(question, "No, only shirts.")
    assert questions.answer(question, "A few hats, too.")
    question.refresh_from_db()
    assert question.answer == "A few hats, too."
    assert Notification.objects.filter(owner=bob, kind="answer").count() == 1


def test_opening_the_question_reads_its_notification(alice, bob, question, browser_of):
    browser_of(alice).get(answer_path(question))
    assert not Notification.objects.filter(owner=alice).unread().exists()


@pytest.mark.parametrize("who", ["bob", "charlie", "mod"])
def test_nobody_but_the_seller_answers(who, request, question, browser_of):
    client = browser_of(request.getfixturevalue(who))
    assert client.post(answer_path(question), {"text": "I am the seller."}).status_code == 404
    assert client.get(answer_path(question)).status_code == 404
    question.refresh_from_db()
    assert question.answered_at is None


def test_a_visitor_signs_in_first(client, path, question):
    assert client.post(path, {"text": TEXT}).url.startswith("/accounts/login/?next=")
    assert client.get(reverse("studio-questions")).status_code == 302
    assert client.get(answer_path(question)).status_code == 302


@pytest.mark.parametrize("text", ["", "Hm?", "x" * 1001, "Zero\x00 bytes?"])
def test_bad_questions_are_refused_and_kept_in_the_form(bob, path, browser_of, text):
    response = browser_of(bob).post(path, {"text": text})
    assert response.status_code == 422
    assert response.context["form"].errors["text"]
    assert response.context["form"]["text"].value() == text
    assert not Question.objects.exists()


def test_a_bad_answer_is_kept_in_the_form(alice, question, browser_of):
    response = browser_of(alice).post(answer_path(question), {"text": "No"})
    assert response.status_code == 422
    assert b">\nNo</textarea>" in response.content


def test_a_double_click_asks_once(bob, published, question):
    assert questions.ask(bob, published, f"  {TEXT}\r\n") == question
    assert Question.objects.count() == 1


def test_three_may_wait_on_one_listing(bob, published, question):
    for number in range(2):
        questions.ask(bob, published, f"Question {number}?")
    with pytest.raises(questions.QuestionRefused, match="wait for an answer"):
        questions.ask(bob, published, "One more?")
    questions.answer(question, "No, only shirts.")
    questions.ask(bob, published, "One more?")


def test_ten_a_day_are_enough(bob, published):
    for number in range(questions.A_DAY):
        questions.answer(questions.ask(bob, published, f"Question {number}?"), "No, only shirts.")
    with pytest.raises(questions.QuestionRefused, match="tomorrow"):
        questions.ask(bob, published, "One more?")
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        questions.ask(bob, published, "One more?")


def test_nobody_asks_themselves_or_about_what_is_off_sale(alice, bob, published, path, browser_of):
    assert browser_of(alice).post(path, {"text": TEXT}).status_code == 422
    drafts.withdraw(published)
    assert browser_of(bob).post(path, {"text": TEXT}).status_code == 410
    assert not Question.objects.exists()


def test_hidden_by_staff_it_is_gone_and_takes_no_answer(alice, bob, question, path, browser_of):
    questions.answer(question, "No, only shirts.")
    assert questions.hide(question)
    assert not questions.hide(question)
    for person in (alice, bob):
        assert "hats" not in page(browser_of(person), path)
    assert not questions.answer(question, "Other words.")
    assert browser_of(alice).get(answer_path(question)).status_code == 404
    assert questions.show(question)
    assert "hats" in page(browser_of(bob), path)


def test_the_studio_lists_what_waits_first(alice, bob, published, question, browser_of):
    questions.answer(question, "No, only shirts.")
    questions.ask(bob, published, "And scarves?")
    text = page(browser_of(alice), reverse("studio-questions"))
    assert "1 question waits for your answer." in text
    assert text.index("And scarves?") < text.index("Are hats")
    assert "Are hats" not in page(browser_of(bob), reverse("studio-questions"))


def test_lists_ask_no_more_for_more(alice, bob, published, path, browser_of, django_assert_max_num_queries):
    client, found = browser_of(alice), []
    for count in (1, 4):
        for number in range(count):
            questions.answer(questions.ask(bob, published, f"Question {count} {number}?"), "No, only shirts.")
        for address in (path, reverse("studio-questions")):
            client.get(address)
            with django_assert_max_num_queries(15) as asked:
                client.get(address)
            found.append(len(asked))
    assert found[:2] == found[2:]


@pytest.mark.parametrize("name", ["listing-questions", "question-answer", "studio-questions"])
def test_other_methods_are_refused(alice, published, question, browser_of, name):
    arguments = {"listing-questions": [published.public_id], "question-answer": [question.pk]}
    assert browser_of(alice).put(reverse(name, args=arguments.get(name, []))).status_code == 405


def test_questions_leave_with_the_account_that_asked_them(alice, bob, question):
    assert privacy.export_for(bob)["questions"][0]["text"] == TEXT
    questions.answer(question, "No, only shirts.")
    privacy.erase(alice)
    question.refresh_from_db()
    assert question.answer == "–"
    privacy.erase(bob)
    assert not Question.objects.exists()


# The API.


def test_a_program_asks_answers_and_reads(alice, bob, client, published, api):
    address = f"/api/v1/listings/{published.public_id}/questions/"
    made = api(bob).post(address, {"text": TEXT})
    assert made.status_code == 201
    assert made.json()["answer"] == ""
    assert client.get(address).json()["results"] == []
    (waiting,) = api(alice).get("/api/v1/me/questions/?waiting=true").json()["results"]
    answered = api(alice).post(f"/api/v1/me/questions/{waiting['number']}/answer/", {"text": "No, only shirts."})
    assert answered.json()["answer"] == "No, only shirts."
    assert client.get(address).json()["results"][0]["answer"] == "No, only shirts."
    assert api(alice).get("/api/v1/me/questions/?waiting=true").json()["results"] == []


def test_the_api_refuses_strangers_scopes_and_nonsense(alice, bob, charlie, client, published, question, api):
    address, answer = (
        f"/api/v1/listings/{published.public_id}/questions/",
        f"/api/v1/me/questions/{question.pk}/answer/",
    )
    assert client.post(address, {"text": TEXT}).status_code == 401
    assert api(bob, ["read"]).post(address, {"text": TEXT}).status_code == 403
    assert api(bob).post(address, {"text": ""}).status_code == 400
    assert api(alice).post(address, {"text": TEXT}).status_code == 400
    assert api(charlie).post(answer, {"text": "I am the seller."}).status_code == 404
    assert api(alice, ["read"]).post(answer, {"text": "No, only shirts."}).status_code == 403
    assert api(alice).post(answer, {"text": "No"}).status_code == 400
    assert api(bob).get("/api/v1/me/questions/").json()["results"] == []
