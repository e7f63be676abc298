"""What a buyer downloads, and the note that they began to."""

from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from generation.bundles import Bundle, Segment, whole
from generation.downloads import bundle_response
from generation.models import DatasetFile
from marketplace.listings.models import BundleTail

from .models import Download, Purchase


class NotDelivered(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def bundles(purchase: Purchase) -> list[Bundle]:
    """The bundles as sold; none unless paid. Where publishing added a tail, the part's images are followed by it."""
    if purchase.state != Purchase.State.PAID:
        return []
    tails = {tail.part_id: tail for tail in purchase.version.tails.all()}
    files = purchase.version.dataset.files.all()
    parts = sorted((file for file in files if file.kind == DatasetFile.Kind.BUNDLE), key=lambda file: file.number)
    made_at = purchase.version.sealed_at or purchase.version.created_at
    return [as_sold(part, tails.get(part.pk), made_at) for part in parts]


def as_sold(part: DatasetFile, tail: BundleTail | None, made_at: datetime) -> Bundle:
    if tail is None:
        return whole(part, made_at)
    segments = [Segment(part.key, 0, part.prefix), Segment(tail.key, 0, tail.size)]
    return Bundle(part.name, part.prefix + tail.size, tail.sha256, segments, made_at)


def deliver(request: HttpRequest, purchase: Purchase, number: int) -> HttpResponseBase:
    """Bundle `number`, counted from 1, whole or in ranges. Raises NotDelivered, and IndexError for no such bundle."""
    if purchase.state == Purchase.State.REFUNDED:
        raise NotDelivered(_("This purchase was refunded, so it can't be downloaded any more."))
    if purchase.state != Purchase.State.PAID:
        raise NotDelivered(_("This purchase is not paid yet."))
    bundle = dict(enumerate(bundles(purchase), start=1)).get(number)
    if bundle is None:
        raise IndexError(number)
    response = bundle_response(request, bundle)
    # Staff who look into a purchase do not begin its delivery.
    by_buyer = request.user.pk == purchase.buyer_id
    if by_buyer and request.method == "GET" and response.status_code in (200, 206):
        note_start(purchase, bundle, request.headers.get("Range", ""))
    return response


def note_start(purchase: Purchase, bundle: Bundle, wanted: str) -> None:
    """A resumed download is the same download; what counts for a withdrawal is that any byte was sent."""
    Purchase.objects.filter(pk=purchase.pk, delivery_started_at__isnull=True).update(delivery_started_at=timezone.now())
    begun = Download.objects.filter(purchase=purchase, file_name=bundle.name)
    if wanted.replace(" ", "") in ("", "bytes=0-") or not begun.exists():
        Download.objects.create(purchase=purchase, file_name=bundle.name)
