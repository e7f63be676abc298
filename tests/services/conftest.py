"""What needs the real servers. Their addresses come from the environment, as in production; .ci/test starts them."""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import NamedTuple

import pytest
from django.conf import settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name, there in (("S3_BUCKET", settings.S3_BUCKET),) if not there]
    for item in items:
        if missing and "tests/services" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} is not set: see .ci/test"))


@pytest.fixture(autouse=True)
def files_in_a_temporary_folder() -> None:
    """Here files go where production's do: to the store."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def fetch() -> Callable[..., Answer]:
    """fetch(address, method="GET", **headers): what the store itself answers."""

    def ask(address: str, method: str = "GET", **headers: str) -> Answer:
        request = urllib.request.Request(address, method=method, headers=headers)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return Answer(answer.status, dict(answer.headers), answer.read())

    return ask


@pytest.fixture
def astray(settings) -> Callable[..., None]:
    """astray(endpoint_url=…): the site reaches its store with these options changed."""

    def change(**options: object) -> None:
        default = settings.STORAGES["default"]
        changed = default | {"OPTIONS": default["OPTIONS"] | options}
        settings.STORAGES = settings.STORAGES | {"default": changed}
        if "bucket_name" in options:
            settings.S3_BUCKET = options["bucket_name"]

    return change
