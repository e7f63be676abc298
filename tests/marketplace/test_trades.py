"""A trade in calm and one through crashes come to the same, and nine things about money hold in both all the time."""

import json

import pytest

from benchmarks.market.nine import Watch
from benchmarks.market.stripe_server import Books
from benchmarks.market.trade import Trade, dataset
from benchmarks.site import prepared

FLOWS = ["payment_heard", "refund_came_back", "dispute_lost", "payout_failed"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_happens_money_is_where_it_belongs():
    with prepared() as site:
        told = json.loads(site.python("-m", "benchmarks.market.money", "50", *FLOWS).splitlines()[-1])
    assert told["found"] == []
    assert told["steps"] >= 50
    assert told["crashes"] > 0
    assert told["writes"] > len(FLOWS)


@pytest.fixture
def trade(db, settings) -> Trade:
    settings.TEST_PAYMENTS = True
    trade = Trade("one", Books(), dataset())
    assert trade.click("first", 0, 0, "test") == "paid"
    return trade


def test_each_fault_would_be_found(trade):
    watch = Watch(trade)
    assert watch.faults(trade.rows()) == []
    more, gone, locked = (trade.rows() for _ in range(3))
    more.postings[0].amount += 1
    assert "1: posting" in "".join(watch.faults(more))
    del gone.postings[0]
    assert "2: " in "".join(Watch(trade).faults(gone))
    locked.purchases[0].state = "refunded"
    assert "5: first is refunded, was paid and is locked" in "".join(Watch(trade).faults(locked))
