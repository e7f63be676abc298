"""What a receipt says, for the page, the letter and the PDF, in Korean and English.

Amounts, version and licence were frozen when it was bought; who the seller is, is told as of today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from marketplace.accounts import letters
from marketplace.accounts.models import User
from marketplace.listings.models import SellerProfile
from marketplace.listings.rules import as_amount

from .models import Purchase, Refund

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
# A receipt can be sent again so often within an hour.
MOST_LETTERS, WITHIN_SECONDS = 3, 3600


class TooManyLetters(Exception):
    pass


@dataclass(frozen=True)
class Line:
    name: str
    value: str


@dataclass(frozen=True)
class Receipt:
    """In the language that was active when it was made."""

    language: str
    number: str
    title: str
    test: bool
    goods: list[Line]
    amounts: list[Line]
    total: Line
    refunds: list[Line]
    buyer: list[Line]
    seller: list[Line]
    notes: list[str]
    address: str


def of(purchase: Purchase, language: str) -> Receipt:
    with translation.override(language), timezone.override(purchase.buyer.time_zone):
        return made(purchase, language)


def made(purchase: Purchase, language: str) -> Receipt:
    return Receipt(
        language=language,
        number=str(purchase.public_id),
        title=_("Receipt"),
        test=purchase.provider == "test",
        goods=list(goods(purchase)),
        amounts=list(amounts(purchase)),
        total=Line(_("Paid"), money(purchase, purchase.price)),
        refunds=list(refunds(purchase)),
        buyer=[Line(_("Buyer"), purchase.buyer.name or "–"), Line(_("E-mail"), purchase.buyer.email)],
        seller=list(seller(purchase.version.listing.seller)),
        notes=notes(purchase),
        address=settings.SITE_URL + reverse("receipt", args=[purchase.public_id]),
    )


def goods(purchase: Purchase) -> Iterator[Line]:
    version = purchase.version
    paid_at = purchase.paid_at or purchase.created_at
    yield Line(_("Number"), str(purchase.public_id))
    yield Line(_("Date"), moment(paid_at))
    yield Line(_("Dataset"), _("%(title)s, version %(n)s") % {"title": version.title, "n": version.number})
    yield Line(_("Images"), f"{version.dataset.count:,}")
    yield Line(_("Licence"), str(version.licence))
    yield Line(_("SHA-256 of the licence"), purchase.licence_sha256)


def amounts(purchase: Purchase) -> Iterator[Line]:
    """What the tax is of, and the tax in it, where there is one."""
    if not purchase.tax:
        return
    yield Line(_("Before VAT"), money(purchase, purchase.price - purchase.tax))
    yield Line(_("VAT included"), money(purchase, purchase.tax))


def refunds(purchase: Purchase) -> Iterator[Line]:
    for one in purchase.refunds.exclude(state=Refund.State.FAILED).order_by("pk"):
        if one.state == Refund.State.DONE and one.settled_at:
            name = _("Refunded on %(when)s") % {"when": day(one.settled_at)}
        else:
            name = _("Refund on its way")
        yield Line(name, money(purchase, -one.amount))


def seller(user: User) -> Iterator[Line]:
    """The business data that buyers have a right to; of a private person what they gave."""
    profile = SellerProfile.objects.filter(user=user).first() or SellerProfile(user=user)
    yield Line(_("Seller"), user.name or "–")
    if profile.is_business:
        yield Line(_("Business name"), profile.business_name)
        yield Line(_("Representative"), profile.representative)
        yield Line(_("Business registration number"), profile.registration_number)
        yield Line(_("Mail-order report number"), profile.mail_order_number)
        yield Line(_("Address"), profile.address)
        yield Line(_("Phone"), profile.phone)
    else:
        yield Line(_("Sells as"), _("a private person"))
    if profile.contact_email:
        yield Line(_("Contact e-mail"), profile.contact_email)


def notes(purchase: Purchase) -> list[str]:
    told = [_("GANerate is an intermediary; the contract is between the buyer and the seller named here.")]
    if purchase.provider == "test":
        told.insert(0, _("Bought with the test provider: no money moved, and this is no receipt."))
    else:
        told.append(_("This is no tax invoice; ask the seller for one."))
    return told


def money(purchase: Purchase, amount: int) -> str:
    return as_amount(amount, purchase.currency)


def moment(when: datetime) -> str:
    return formats.date_format(timezone.localtime(when), "DATETIME_FORMAT")


def day(when: datetime) -> str:
    return formats.date_format(timezone.localtime(when), "DATE_FORMAT")


def file_name(purchase: Purchase, language: str) -> str:
    return f"receipt-{str(purchase.public_id)[:8]}-{language}.pdf"


def pdf(purchase: Purchase, language: str) -> bytes:
    from . import receipt_pdf  # fpdf2 is loaded once somebody wants a file

    return receipt_pdf.pdf(of(purchase, language))


def as_file(purchase: Purchase, language: str) -> HttpResponse:
    name = file_name(purchase, language)
    headers = {"Content-Disposition": content_disposition_header(True, name) or "", "Cache-Control": "private"}
    return HttpResponse(pdf(purchase, language), content_type="application/pdf", headers=headers)


def send(purchase: Purchase) -> bool:
    """The letter of the purchase with the PDF, in the buyer's language."""
    address = settings.SITE_URL + reverse("purchase", args=[purchase.public_id])
    return written(purchase, "purchases/bought.txt", address, receipt=of(purchase, purchase.buyer.language))


def send_refund(refund_id: int) -> bool:
    """That money goes back. A repeated ticket may repeat the letter."""
    related = Refund.objects.select_related("purchase__buyer", "purchase__version__listing__seller")
    row = related.filter(pk=refund_id).first()
    if row is None:
        return False
    address = settings.SITE_URL + reverse("receipt", args=[row.purchase.public_id])
    return written(row.purchase, "purchases/refunded.txt", address, refund=row)


def written(purchase: Purchase, template: str, address: str, **more: object) -> bool:
    language = purchase.buyer.language
    context = {"purchase": purchase, "version": purchase.version, "address": address} | more
    attached = (file_name(purchase, language), pdf(purchase, language), "application/pdf")
    return letters.write(purchase.buyer, template, context, [attached])


def send_again(purchase: Purchase) -> bool:
    """Raises TooManyLetters."""
    key = f"receipts-sent-{purchase.pk}"
    cache.add(key, 0, WITHIN_SECONDS)
    if cache.incr(key) > MOST_LETTERS:
        raise TooManyLetters
    return send(purchase)
