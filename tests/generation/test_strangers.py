"""Every address of this app that names a row is there for its owner; for a stranger, and made up, it is not."""

import uuid
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern

from generation.models import Dataset, SourceImage, Upload
from generation.urls import api_urlpatterns, urlpatterns

from .conftest import square

METHODS = ("get", "post", "put", "patch", "delete")


def routes(patterns: list[URLPattern], prefix: str) -> list[str]:
    found = [f"{prefix}{pattern.pattern}" for pattern in patterns]
    return [route for route in found if "<uuid:public_id>" in route]


PAGES, API = routes(urlpatterns, "/"), routes(api_urlpatterns, "/api/v1/")


@pytest.fixture
def address_of(alice, dataset_of) -> Callable[..., str]:
    """address_of(route) names rows of Alice's, each of which there is."""
    dataset: Dataset = dataset_of(alice)
    source_set = dataset.job.source_set
    upload = Upload.objects.create(source_set=source_set, file_name="a.zip", size=1, part_size=1)
    key = default_storage.save("source-sets/x.png", ContentFile(square(1)))
    image = SourceImage.objects.create(
        source_set=source_set, number=0, file_name="a.png", verdict="accepted", key=key, pixel_sha256="x"
    )
    default_storage.save(f"jobs/{dataset.job.public_id}/previews/1.png", ContentFile(b"x"))
    rows = {"source-sets": source_set, "jobs": dataset.job, "generators": dataset.generator, "datasets": dataset}

    def fill(route: str, public_id: uuid.UUID | None = None) -> str:
        row = next(row for name, row in rows.items() if f"/{name}/" in route)
        names = {
            "uuid:upload_id": upload.public_id,
            "int:pk": image.pk,
            "int:image_id": image.pk,
            "int:number": 1,
            "int:index": 0,
        }
        for name, value in ({"uuid:public_id": public_id or row.public_id} | names).items():
            route = route.replace(f"<{name}>", str(value))
        assert "<" not in route, route
        return route

    return fill


def statuses(client, address: str) -> dict[str, int]:
    """What each method answers, but for those that are not offered."""
    found = {method: getattr(client, method)(address).status_code for method in METHODS}
    return {method: status for method, status in found.items() if status != 405}


@pytest.mark.parametrize("route", PAGES + API)
def test_each_address_is_there_for_its_owner_and_not_for_a_stranger(alice, charlie, api, browser_of, address_of, route):
    client_of, address = api if route in API else browser_of, address_of(route)
    found = statuses(client_of(charlie), address)
    assert found
    assert set(found.values()) <= {404, 415}, found
    assert 404 in found.values()
    assert client_of(alice).get(address).status_code != 404
    assert set(statuses(client_of(alice), address_of(route, uuid.uuid4())).values()) <= {404, 415}
