"""Each flow of money, cut off after its first write, its second, and so on until it has no more."""

from collections.abc import Callable
from itertools import count

from benchmarks.market.machine import Money
from benchmarks.market.trade import Label, Trade

Do = Callable[[Trade], object]
DELAY_HOURS = 24 * 30


def newest(trade: Money) -> Label:
    return list(trade.calm.events())[-1]


def heard(label: Label) -> Do:
    return lambda trade: trade.hear(label)


def pretended(both: Money) -> Do:
    return lambda trade: trade.click("one", 0, 0, "test")


def free(both: Money) -> Do:
    return lambda trade: trade.click("one", 0, 3, "stripe")


def page_opened(both: Money) -> Do:
    return lambda trade: trade.click("one", 0, 0, "stripe")


def payment_heard(both: Money) -> Do:
    page = opened(both, "one")
    both.both(lambda trade: trade.books.pay(trade.pages()[page]["id"]))
    return heard(newest(both))


def buyer_back(both: Money) -> Do:
    payment_heard(both)
    return lambda trade: trade.come_back("one")


def page_expired(both: Money) -> Do:
    page = opened(both, "one")
    both.both(lambda trade: trade.close(page))
    return heard(newest(both))


def paid_twice(both: Money) -> Do:
    first, second = opened(both, "one"), opened(both, "two")
    for page in (first, second):
        both.both(lambda trade, page=page: trade.books.pay(trade.pages()[page]["id"]))  # type: ignore[misc]  # this page
    told = list(both.calm.events())
    both.both(heard(told[0]))
    return heard(told[1])


def opened(both: Money, click: str) -> Label:
    both.both(lambda trade: trade.click(click, 0, 0, "stripe"))
    return Label(click, "page")


def sold(both: Money) -> None:
    both.both(payment_heard(both))


def downloaded(both: Money) -> Do:
    sold(both)
    return lambda trade: trade.download("one")


def withdrawn(both: Money) -> Do:
    sold(both)
    return lambda trade: trade.withdraw("one")


def refunded_in_part(both: Money) -> Do:
    sold(both)
    return lambda trade: trade.refund("one", 0.334, 0)


def refunded_at_once(both: Money) -> Do:
    both.both(pretended(both))
    return lambda trade: trade.refund("one", 1, 0)


def refund_sent(both: Money) -> Do:
    both.both(refunded_in_part(both))
    return lambda trade: trade.send_refunds("one")


def refund_came_back(both: Money) -> Do:
    sold(both)
    both.both(lambda trade: trade.refund("one", 1, 0))
    both.both(lambda trade: trade.send_refunds("one"))
    both.both(lambda trade: trade.books.fail_refund(trade.given()[Label("one", "refund of ours")]["id"]))
    return heard(newest(both))


def refund_elsewhere(both: Money) -> Do:
    sold(both)
    both.both(lambda trade: trade.give_in_their_pages(Label("one", "page"), 1))
    return heard(newest(both))


def disputed(both: Money) -> Do:
    sold(both)
    both.both(lambda trade: trade.dispute(Label("one", "page")))
    return heard(newest(both))


def dispute_lost(both: Money) -> Do:
    both.both(disputed(both))
    both.both(lambda trade: trade.books.close_dispute(trade.disputes()[Label("one", "dispute")]["id"], won=False))
    return heard(newest(both))


def planned(both: Money) -> Do:
    sold(both)
    both.pass_time(DELAY_HOURS)
    return Trade.plan


def handed_over(both: Money) -> Do:
    both.both(planned(both))
    return lambda trade: trade.hand_over(paid=False)


def payout_failed(both: Money) -> Do:
    both.both(handed_over(both))
    return lambda trade: trade.settle_payouts(well=False)


FLOWS: dict[str, Callable[[Money], Do]] = {
    flow.__name__: flow
    for flow in (
        pretended, free, page_opened, payment_heard, buyer_back, page_expired, paid_twice, downloaded, withdrawn,
        refunded_in_part, refunded_at_once, refund_sent, refund_came_back, refund_elsewhere, disputed, dispute_lost,
        planned, handed_over, payout_failed,
    )
}  # fmt: skip


def cut_off(machine: type[Money], name: str, *, at_once: bool) -> int:
    """How many writes the flow has: after each of them it was cut off once. Raises what was wrong."""
    for writes in count(1):
        both, before = machine(), machine.crashes
        both.both(FLOWS[name](both), writes, at_once=at_once)
        both.end()
        if machine.crashes == before:
            both.reconciled()
            return writes - 1
    raise AssertionError
