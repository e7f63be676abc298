"""Double entry. A posting moves an amount from one account to another, so the sum of all balances is always nothing."""

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from marketplace.accounts.models import User

from .models import Account, Posting, Purchase

Kind = Account.Kind
Reason = Posting.Reason


def account(kind: str, currency: str, owner: User | None = None) -> Account:
    return Account.objects.get_or_create(kind=kind, currency=currency, owner=owner)[0]


def balance(account: Account) -> int:
    """In the smallest unit. Below zero for accounts that money came from: what buyers paid is owed by nobody else."""
    received = account.postings_in.aggregate(total=Sum("amount"))["total"] or 0
    given = account.postings_out.aggregate(total=Sum("amount"))["total"] or 0
    return received - given


def with_balances(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Each with what balance() says, as `held`, in one query."""

    def moved(side: str) -> Coalesce:
        sums = Posting.objects.filter(**{side: OuterRef("pk")}).order_by().values(side).annotate(total=Sum("amount"))
        return Coalesce(Subquery(sums.values("total")), 0)

    return accounts.annotate(held=moved("target") - moved("source"))


def earnings(seller: User) -> list[tuple[int, str]]:
    """What a seller has earned and not been paid out, by currency."""
    accounts = Account.objects.filter(kind=Kind.SELLER, owner=seller).order_by("currency")
    return [(amount, one.currency) for one in accounts if (amount := balance(one)) > 0]


def post_sale(purchase: Purchase) -> None:
    """Splits what the buyer paid by the fee frozen on the purchase. A free purchase moves nothing."""
    paid = account(Kind.BUYER_PAYMENTS, purchase.currency)
    post(purchase, Reason.SALE, paid, seller_account(purchase), purchase.price - purchase.fee)
    post(purchase, Reason.FEE, paid, account(Kind.PLATFORM_FEE, purchase.currency), purchase.fee)


def post_refund(purchase: Purchase) -> None:
    """Undoes post_sale, posting by posting."""
    paid = account(Kind.BUYER_PAYMENTS, purchase.currency)
    post(purchase, Reason.REFUND, seller_account(purchase), paid, purchase.price - purchase.fee)
    post(purchase, Reason.REFUND, account(Kind.PLATFORM_FEE, purchase.currency), paid, purchase.fee)


def seller_account(purchase: Purchase) -> Account:
    return account(Kind.SELLER, purchase.currency, purchase.version.listing.seller)


def post(purchase: Purchase, reason: str, source: Account, target: Account, amount: int) -> None:
    if amount:
        Posting.objects.create(
            source=source, target=target, amount=amount, currency=purchase.currency, reason=reason, purchase=purchase
        )
