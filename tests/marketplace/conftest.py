import pytest
from django.core.cache import cache
from django.db import connection

from . import goods

FINAL_ROWS = ("purchases_posting", "listings_listingversion", "moderation_auditentry")


@pytest.fixture
def committed(transactional_db):
    """A database that other threads see. SQLite empties tables row by row, which the triggers refuse: not here."""
    yield
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("PRAGMA foreign_keys = OFF")
        for table in FINAL_ROWS:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("PRAGMA foreign_keys = ON")
        for _name, sql in triggers:
            cursor.execute(sql)


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
