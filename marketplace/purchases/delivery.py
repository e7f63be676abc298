"""What a buyer downloads, and the note that they began to."""

import shlex
from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from generation import companions
from generation import formats as generation_formats
from generation.bundles import Bundle, in_memory, whole, with_tail
from generation.downloads import BEGINNINGS, bundle_response
from generation.formats import Format, State
from generation.models import DatasetFile
from marketplace.accounts.models import User
from marketplace.listings.documents import documents
from marketplace.listings.models import BundleTail

from . import consent, links, stopped
from .models import Download, Purchase

Kind = DatasetFile.Kind
# Sending any of these is delivery; sending a text that goes with them is not.
GOODS = (".zip", ".tar", ".parquet")
SCRIPT = ".curl"


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
    parts = sorted((file for file in files if file.kind == Kind.BUNDLE), key=lambda file: file.number)
    return [as_sold(part, tails.get(part.pk), sold_at(purchase)) for part in parts]


def stored_file(purchase: Purchase, **which: object) -> Bundle | None:
    """The one among its stored files, alone: a click need not read the list of all."""
    of_part = {f"part__{name}": value for name, value in which.items()}
    tail = BundleTail.objects.filter(version=purchase.version_id, **of_part).select_related("part").first()
    if tail is not None:
        return as_sold(tail.part, tail, sold_at(purchase))
    files = DatasetFile.objects.filter(dataset=purchase.version.dataset_id, **which).exclude(sha256="")
    part = files.first()
    return whole(part, sold_at(purchase)) if part else None


def as_sold(part: DatasetFile, tail: BundleTail | None, made_at: datetime) -> Bundle:
    return with_tail(part, tail.key, tail.size, tail.sha256, made_at) if tail else whole(part, made_at)


def sold_at(purchase: Purchase) -> datetime:
    return purchase.version.sealed_at or purchase.version.created_at


def formats(purchase: Purchase) -> list[Format]:
    """Each with all its files, what goes with them and their checksums last; none unless paid."""
    if purchase.state != Purchase.State.PAID:
        return []
    return [as_bought(purchase, one) for one in generation_formats.formats(purchase.version.dataset)]


def of_kind(purchase: Purchase, kind: str) -> Format:
    """One alone, as a click asks for it. Raises IndexError."""
    one = next((one for one in generation_formats.formats(purchase.version.dataset) if one.kind == kind), None)
    if one is None or one.state != State.READY:
        raise IndexError(kind)
    return as_bought(purchase, one)


def as_bought(purchase: Purchase, one: Format) -> Format:
    if one.state != State.READY:
        return one
    dataset, made_at = purchase.version.dataset, sold_at(purchase)
    files = bundles(purchase) if one.kind == Kind.BUNDLE else beside(purchase, one)
    return replace(one, files=[*files, companions.checksums(dataset, one.kind, files, made_at)])


def beside(purchase: Purchase, one: Format) -> list[Bundle]:
    """Shards or Parquet, and what zip parts have inside."""
    made_at = sold_at(purchase)
    texts = documents(purchase.version, one.kind, one.files)
    added = [in_memory(name, text, made_at) for name, text in texts.items()]
    files = [replace(file, made_at=made_at) for file in one.files]
    return [*files, *companions.stored(purchase.version.dataset, made_at), *added]


def prepare(purchase: Purchase, kind: str) -> None:
    """Has a format made. Raises NotDelivered, formats.NoRoom and ValueError."""
    refuse(purchase)
    generation_formats.ask(purchase.version.dataset, kind)


def refuse(purchase: Purchase) -> None:
    """Raises NotDelivered unless its files may be had at this moment."""
    if purchase.state == Purchase.State.REFUNDED:
        raise NotDelivered(_("This purchase was refunded, so it can't be downloaded any more."))
    if purchase.state != Purchase.State.PAID:
        raise NotDelivered(_("This purchase is not paid yet."))
    if reason := stopped.why(purchase.version):
        raise NotDelivered(reason)


def refuse_buyer(purchase: Purchase) -> None:
    """Also before they said that they know what a download ends. Staff look without that."""
    refuse(purchase)
    if consent.needed(purchase):
        raise NotDelivered(_("Open this purchase in your library first and agree that delivery begins."))


def linked(purchase: Purchase, reader: User) -> bool:
    """Whether a page or an answer for `reader` has links to the files in it: for the buyer who may have them now."""
    if reader.pk != purchase.buyer_id:
        return False
    try:
        refuse_buyer(purchase)
    except NotDelivered:
        return False
    return True


def deliver(request: HttpRequest, purchase: Purchase, number: int) -> HttpResponseBase:
    """Bundle `number`, counted from 1, whole or in ranges. Raises NotDelivered, and IndexError for no such bundle."""
    by_buyer = request.user.pk == purchase.buyer_id
    refuse_buyer(purchase) if by_buyer else refuse(purchase)
    bundle = stored_file(purchase, kind=Kind.BUNDLE, number=number)
    if bundle is None:
        raise IndexError(number)
    return sent(request, purchase, bundle, by_buyer)


def by_link(request: HttpRequest, purchase: Purchase, link: links.Link) -> HttpResponseBase:
    """Raises NotDelivered, and IndexError for a file that is not or no longer these bytes."""
    refuse_buyer(purchase)
    file = stored_file(purchase, kind=link.kind, name=link.name)
    if file is None:
        one = of_kind(purchase, link.kind)
        if link.name == script_name(purchase, link.kind):
            return script_response(purchase, one)
        file = generation_formats.named([one], link.kind, link.name)
    if file is None or not file.sha256.startswith(link.sha256):
        raise IndexError(link.name)
    return sent(request, purchase, file, by_buyer=True)


def script_response(purchase: Purchase, one: Format) -> HttpResponse:
    text = script(purchase, one)
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def sent(request: HttpRequest, purchase: Purchase, file: Bundle, by_buyer: bool) -> HttpResponseBase:
    response = bundle_response(request, file)
    # Staff who look into a purchase do not begin its delivery.
    begins = by_buyer and file.name.endswith(GOODS) and request.method == "GET"
    if begins and response.status_code in BEGINNINGS:
        note_start(purchase, file, request.headers.get("Range", ""))
    return response


def note_start(purchase: Purchase, bundle: Bundle, wanted: str) -> None:
    """A resumed download is the same download; what counts for a withdrawal is that any byte was sent."""
    if purchase.delivery_started_at is None:
        begin(purchase)
    begun = Download.objects.filter(purchase=purchase, file_name=bundle.name)
    if wanted.replace(" ", "") in ("", "bytes=0-") or not begun.exists():
        Download.objects.create(purchase=purchase, file_name=bundle.name)


def begin(purchase: Purchase) -> None:
    """Raises NotDelivered where the buyer withdrew at this very moment."""
    kept = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.PAID)
    started = kept.filter(delivery_started_at__isnull=True).update(delivery_started_at=timezone.now())
    if not started and not kept.exists():
        raise NotDelivered(_("This purchase was refunded, so it can't be downloaded any more."))


def link(purchase: Purchase, kind: str, file: Bundle) -> str:
    return links.link(purchase, kind, file.name, file.sha256, file.size)


def command(purchase: Purchase, kind: str, file: Bundle) -> str:
    """For a shell: run again, it goes on where it stopped. Without -f an error's words would be kept as the file; -L
    goes on to a store that hands files out itself."""
    return f"curl -fL -C - --create-dirs -o {shlex.quote(place(purchase, kind, file))} {quoted(purchase, kind, file)}"


def place(purchase: Purchase, kind: str, file: Bundle) -> str:
    """Of a downloaded file: formats other than zip in a folder of their own, as each has a README.md."""
    if kind == Kind.BUNDLE:
        return file.name
    return f"{companions.folder_name(purchase.version.dataset, kind)}/{file.name}"


def quoted(purchase: Purchase, kind: str, file: Bundle) -> str:
    return shlex.quote(link(purchase, kind, file))


def command_for_all(purchase: Purchase, one: Format) -> str:
    """Asks for the addresses of all files of a format, and for these."""
    size, name = sum(file.size for file in one.files), script_name(purchase, one.kind)
    address = links.link(purchase, one.kind, name, "", size)
    return f"curl -fsS {shlex.quote(address)} | curl -fL -C - --create-dirs -K -"


def script(purchase: Purchase, one: Format) -> str:
    """What curl -K reads."""
    lines = (
        f'url = "{link(purchase, one.kind, file)}"\noutput = "{place(purchase, one.kind, file)}"\n'
        for file in one.files
    )
    return "".join(lines)


def script_name(purchase: Purchase, kind: str) -> str:
    return companions.folder_name(purchase.version.dataset, kind) + SCRIPT


def check_command(purchase: Purchase, one: Format) -> str:
    folder = companions.folder_name(purchase.version.dataset, one.kind)
    check = f"sha256sum -c {shlex.quote(folder + '.sha256')}"
    return check if one.kind == Kind.BUNDLE else f"cd {shlex.quote(folder)} && {check}"
