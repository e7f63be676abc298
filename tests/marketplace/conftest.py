import pytest
from django.core.cache import cache

from . import goods


@pytest.fixture(autouse=True)
def no_throttle_from_another_test():
    cache.clear()


@pytest.fixture
def dataset_of(db):
    """dataset_of(user, count=80): a dataset with real files, made without training."""
    return goods.dataset_of


@pytest.fixture
def draft(alice):
    return goods.draft_of(alice)


@pytest.fixture
def submitted(alice):
    return goods.submitted_of(alice)


@pytest.fixture
def published(alice):
    return goods.published_of(alice)


@pytest.fixture
def purchase(bob, published):
    return goods.bought(bob, published)
