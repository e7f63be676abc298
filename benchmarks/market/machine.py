"""Two trades go through the same: one in calm, the other in storms in which its process dies after the n-th write.

After each storm the sweeper runs, and both have to come to the same. Buyers click twice and pay in forgotten tabs,
messages of the provider are repeated, reordered and lost, the queue loses or repeats every ticket, banks take payments
back, staff give money back, payouts fail. The database is real, Stripe is asked through its own library over HTTP; only
the clock is ours.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from unittest import mock

import time_machine
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from benchmarks.market.nine import Watch
from benchmarks.market.storm import storm
from benchmarks.market.stripe_server import KEY, SECRET, Server
from benchmarks.market.trade import GOODS, Label, Rows, Trade, dataset
from generation.models import Dataset
from marketplace.purchases import payments, reconcile
from marketplace.purchases.models import PaymentEvent, Purchase, Refund

# Half past noon, so that whole hours later no midnight lies between the two trades.
BEGIN = datetime(2031, 1, 1, 12, 30, tzinfo=UTC)
STEPS = 50
# After how many writes; most things write less than ten.
CRASHES = st.one_of(st.none(), st.integers(1, 4), st.integers(1, 15))
SHARES = st.sampled_from((1, 0.5, 0.334, 0.01))
# What staff are rightly told of though no money is in a wrong place: a bank and a refund may have asked for the same.
EXPECTED = ("did not reach the buyer", "were left of the payment", "nobody said that it arrived")


def terms(fee: int, tax: int, points: int) -> None:
    """Of the house, the state and the provider, for what is bought from now on."""
    settings.PLATFORM_FEE_PERCENT, settings.VAT_PERCENT, settings.PROCESSOR_FEE_BASIS_POINTS = fee, tax, points


class Money(RuleBasedStateMachine):
    server: ClassVar[Server]
    of: ClassVar[Dataset]
    clock: ClassVar[time_machine.Traveller]
    told: ClassVar[set[str]] = set()
    steps: ClassVar[int] = 0
    crashes: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        # The provider's books are compared a month back: what an earlier trade left there is older.
        self.clock.shift(timedelta(days=60))
        self.bury()
        terms(10, 10, 290)
        books = self.server.forget()
        # Whoever asked again after a crash has a younger page: none closes before somebody closes it.
        books.open_seconds = int(timedelta(days=36_500).total_seconds())
        self.calm, self.stormy = (Trade(name, books, self.of) for name in ("calm", "stormy"))
        self.watches = [Watch(trade) for trade in self.trades]
        self.clicks: list[tuple[str, int, int, str]] = []

    @staticmethod
    def bury() -> None:
        """What a trade in which a fault was found left undone would be found again in the next one."""
        PaymentEvent.objects.filter(handled_at=None).update(handled_at=timezone.now(), error="")
        Purchase.objects.filter(state=Purchase.State.PENDING).update(look_at=None)
        Refund.objects.filter(state=Refund.State.PENDING).update(state=Refund.State.FAILED)

    @property
    def trades(self) -> tuple[Trade, Trade]:
        return self.calm, self.stormy

    def both(self, do: Callable[[Trade], object], crash: int | None = None, *, at_once: bool | None = None) -> None:
        """Whoever asked and got no answer asks again, either at once or after the sweeper has been there."""
        type(self).steps += 1
        if at_once is None:
            at_once = crash is None or crash % 2 == 0
            # What else is waiting would be done by the sweeper before what is asked here, and in calm after it.
            if not at_once:
                self.sweep_all()
        expected = do(self.calm)
        with storm(crash) as struck:
            got = do(self.stormy)
        if struck.struck:
            type(self).crashes += 1
            if not at_once:
                self.sweep_all()
                self.faultless()
            got = do(self.stormy)
            self.sweep_all()
        elif got != expected:
            raise AssertionError(f"calm: {expected}, stormy: {got}")
        self.hold()

    def sweep_all(self) -> None:
        for _ in range(3):
            self.clock.shift(timedelta(hours=2))
            payments.catch_up()

    def hold(self) -> None:
        """The nine things hold in both trades, and both came to the same."""
        calm, stormy = (rows.outcome() for rows in self.faultless())
        differing = [name for name in calm.keys() | stormy.keys() if calm.get(name) != stormy.get(name)]
        assert not differing, [(name, "calm", calm.get(name), "stormy", stormy.get(name)) for name in differing]

    def faultless(self) -> list[Rows]:
        found = [(watch, watch.trade.rows()) for watch in self.watches]
        faults = [fault for watch, rows in found for fault in watch.faults(rows)]
        assert not faults, faults
        return [rows for _watch, rows in found]

    # Buyers.

    @rule(
        buyer=st.integers(0, 1), goods=st.integers(0, len(GOODS) - 1), line=st.integers(0, 5), crash=CRASHES,
        provider=st.sampled_from(("stripe", "stripe", "test")),
    )  # fmt: skip
    def click(self, buyer: int, goods: int, provider: str, line: int, crash: int | None) -> None:
        self.clicks.append((f"click-{len(self.clicks)}", buyer, goods, provider))
        self.buy(self.clicks[-1], crash, broken=line == 0 and crash is None)

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), crash=CRASHES)
    def click_again(self, data: Any, crash: int | None) -> None:
        self.buy(data.draw(st.sampled_from(self.clicks)), crash, broken=False)

    def buy(self, click: tuple[str, int, int, str], crash: int | None, broken: bool) -> None:
        def bought(trade: Trade) -> str:
            trade.books.cut_lines = int(broken)
            return trade.click(*click)

        self.both(bought, crash)
        self.calm.books.cut_lines = 0

    @rule(buyer=st.integers(0, 1), goods=st.integers(0, len(GOODS) - 2), crash=CRASHES)
    def sell(self, buyer: int, goods: int, crash: int | None) -> None:
        """The straight way, so that many trades come as far as payouts and refunds."""
        self.clicks.append((f"click-{len(self.clicks)}", buyer, goods, "stripe"))
        click = self.clicks[-1]
        self.both(lambda trade: trade.click(*click))
        opened = [label for label, page in self.calm.pages().items() if label.click == click[0] and page["url"]]
        for label in opened:
            self.both(lambda trade, label=label: trade.books.pay(trade.pages()[label]["id"]))  # type: ignore[misc]
            told = next(one for one in reversed(self.calm.events()) if one.click == click[0])
            self.both(lambda trade, told=told: trade.hear(told), crash)  # type: ignore[misc]

    @precondition(lambda self: self.calm.pages())
    @rule(data=st.data(), how=st.sampled_from(("now", "now", "now", "later", "expire")))
    def pay(self, data: Any, how: str) -> None:
        label = data.draw(st.sampled_from(sorted(self.calm.pages(), key=repr)))

        def paid(trade: Trade) -> None:
            if how == "expire":
                trade.close(label)
            else:
                trade.books.pay(trade.pages()[label]["id"], later=how == "later")

        self.both(paid)

    @precondition(lambda self: self.calm.pages())
    @rule(data=st.data(), well=st.booleans())
    def money_arrives(self, data: Any, well: bool) -> None:
        label = data.draw(st.sampled_from(sorted(self.calm.pages(), key=repr)))
        self.both(lambda trade: trade.books.arrive(trade.pages()[label]["id"], well=well))

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), crash=CRASHES)
    def come_back(self, data: Any, crash: int | None) -> None:
        click = data.draw(st.sampled_from(self.clicks))[0]
        self.both(lambda trade: trade.come_back(click), crash)

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), crash=CRASHES)
    def download(self, data: Any, crash: int | None) -> None:
        click = data.draw(st.sampled_from(self.clicks))[0]
        self.both(lambda trade: trade.download(click), crash)

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), crash=CRASHES)
    def withdraw(self, data: Any, crash: int | None) -> None:
        click = data.draw(st.sampled_from(self.clicks))[0]
        self.both(lambda trade: trade.withdraw(click), crash, at_once=True)

    # The provider and banks.

    @precondition(lambda self: self.calm.events())
    @rule(data=st.data(), crash=CRASHES, times=st.integers(1, 2))
    def hear(self, data: Any, crash: int | None, times: int) -> None:
        label = data.draw(st.sampled_from(sorted(self.calm.events(), key=repr)))
        for _ in range(times):
            self.both(lambda trade: trade.hear(label), crash)

    @precondition(lambda self: self.calm.events())
    @rule()
    def hear_all(self) -> None:
        for label in reversed(list(self.calm.events())):
            self.both(lambda trade, label=label: trade.hear(label))  # type: ignore[misc]  # of this label

    @precondition(lambda self: self.calm.given())
    @rule(data=st.data(), well=st.booleans())
    def refund_ends(self, data: Any, well: bool) -> None:
        label = data.draw(st.sampled_from(sorted(self.calm.given(), key=repr)))

        def ended(trade: Trade) -> None:
            end = trade.books.finish_refund if well else trade.books.fail_refund
            end(trade.given()[label]["id"])

        self.both(ended)

    @precondition(lambda self: self.paid_pages())
    @rule(data=st.data(), share=SHARES)
    def refund_in_their_pages(self, data: Any, share: float) -> None:
        label = data.draw(st.sampled_from(self.paid_pages()))
        self.both(lambda trade: trade.give_in_their_pages(label, share))

    @precondition(lambda self: self.paid_pages())
    @rule(data=st.data())
    def dispute(self, data: Any) -> None:
        label = data.draw(st.sampled_from(self.paid_pages()))
        self.both(lambda trade: trade.dispute(label))

    @precondition(lambda self: self.calm.disputes())
    @rule(data=st.data(), won=st.booleans())
    def dispute_ends(self, data: Any, won: bool) -> None:
        label = data.draw(st.sampled_from(sorted(self.calm.disputes(), key=repr)))
        self.both(lambda trade: trade.books.close_dispute(trade.disputes()[label]["id"], won=won))

    def paid_pages(self) -> list[Label]:
        return sorted(
            (label for label, page in self.calm.pages().items() if page["payment_status"] == "paid"), key=repr
        )

    # Staff, the queue, the sweeper.

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), share=SHARES, form=st.integers(0, 9), crash=CRASHES)
    def refund(self, data: Any, share: float, form: int, crash: int | None) -> None:
        click = data.draw(st.sampled_from(self.clicks))[0]
        self.both(lambda trade: trade.refund(click, share, form), crash)

    @precondition(lambda self: self.clicks)
    @rule(data=st.data(), crash=CRASHES)
    def ticket(self, data: Any, crash: int | None) -> None:
        click = data.draw(st.sampled_from(self.clicks))[0]
        self.both(lambda trade: trade.send_refunds(click), crash)

    @rule(crash=CRASHES)
    def sweep(self, crash: int | None) -> None:
        type(self).steps += 1
        with storm(crash):
            payments.catch_up()
        self.sweep_all()
        self.hold()

    # The seller's money.

    @rule(crash=CRASHES)
    def plan(self, crash: int | None) -> None:
        self.both(Trade.plan, crash, at_once=True)

    @rule(paid=st.booleans(), crash=CRASHES)
    def hand_over(self, paid: bool, crash: int | None) -> None:
        self.both(lambda trade: trade.hand_over(paid), crash)

    @rule(well=st.booleans(), crash=CRASHES)
    def payout_ends(self, well: bool, crash: int | None) -> None:
        self.both(lambda trade: trade.settle_payouts(well), crash)

    @rule(data=st.data())
    def meanwhile(self, data: Any) -> None:
        """The world goes on: time passes, terms change for what is bought from now on, staff hold payouts."""
        what = data.draw(st.sampled_from(("time", "time", "time", "terms", "hold", "slow refunds")))
        if what == "time":
            self.pass_time(data.draw(st.sampled_from((1, 24, 24 * 8, 24 * 30))))
        elif what == "terms":
            terms(*(data.draw(st.sampled_from(values)) for values in ((0, 10, 15, 33), (0, 10), (0, 290))))
        elif what == "hold":
            on = data.draw(st.booleans())
            self.both(lambda trade: trade.hold(on))
        else:
            self.calm.books.refund_status = data.draw(st.sampled_from(("succeeded", "pending")))

    def pass_time(self, hours: int) -> None:
        self.clock.shift(timedelta(hours=hours))

    def teardown(self) -> None:
        self.end()
        self.reconciled()

    def end(self) -> None:
        """Everything ends and every message arrives: then nothing is left to do."""
        books = self.calm.books
        for page in list(books.sessions.values()):
            books.arrive(page["id"])
            if page["status"] == "open":
                books.expire_session(page)
        for row in list(books.refunds):
            books.finish_refund(row)
        for number, row in enumerate(list(books.disputes)):
            books.close_dispute(row, won=number % 4 < 2)
        books.refund_status = "succeeded"
        for trade in self.trades:
            for label in trade.events():
                trade.hear(label)
        self.sweep_all()
        self.clock.shift(timedelta(days=5))
        self.sweep_all()
        for trade in self.trades:
            for label in trade.events():
                trade.hear(label)
        self.hold()
        assert not payments.due()
        assert not PaymentEvent.objects.filter(handled_at=None).exists()
        for trade in self.trades:
            left = trade.purchases().filter(state=Purchase.State.PENDING).exclude(session="")
            assert not left, [(one.attempt_key, books.sessions.get(one.session), one.look_at) for one in left]

    def reconciled(self) -> None:
        """8. All books say the same, those of the provider too."""
        found = [line for check in reconcile.CHECKS for line in check(timezone.now())]
        wrong = {line for line in found if not any(words in line for words in EXPECTED)} - self.told
        self.told.update(wrong)
        assert not wrong, wrong


@contextlib.contextmanager
def ready() -> Iterator[type[Money]]:
    """A machine on the database that is there; commits, so for a database of its own."""
    quiet = mock.patch("generation.events.send"), mock.patch("marketplace.accounts.background.put")
    own = override_settings(
        STRIPE_SECRET_KEY=KEY, STRIPE_WEBHOOK_SECRET=SECRET, TEST_PAYMENTS=True, ALLOWED_HOSTS=["testserver"],
        PAYOUT_MINIMUM={"KRW": 1_000, "USD": 100},
    )  # fmt: skip
    with Server() as server, own, quiet[0], quiet[1], mock.patch("marketplace.purchases.providers.stripe.RETRIES", 0):
        settings.STRIPE_API_BASE = server.address
        logging.disable(logging.ERROR)
        travel = time_machine.travel(BEGIN, tick=True)
        try:
            clock = travel.start()
            yield type(
                "OwnMoney", (Money,), {"server": server, "clock": clock, "of": dataset(), "steps": 0, "crashes": 0}
            )
        finally:
            travel.stop()
            logging.disable(logging.NOTSET)


def run(machine: type[Money], examples: int, number: int = 0, *, shrink: bool = True) -> None:
    """The same number, the same trades. Raises what was found, with the shortest way to it."""
    run_state_machine_as_test(
        seed(number)(machine),
        settings=hypothesis_settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, *[Phase.shrink] * shrink],
        ),
    )  # fmt: skip
