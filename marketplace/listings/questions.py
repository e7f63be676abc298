"""What people ask before they buy, and what the seller answers. Shown to everybody once it is answered."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from generation import notifications
from generation.models import Notification
from marketplace.accounts import background, letters
from marketplace.accounts.models import User

from .access import Visitor
from .models import Listing, Question
from .rules import hidden

LENGTHS = (5, 1000)
# Of one person: in a day, and waiting for an answer on one listing.
A_DAY = 10
WAITING = 3


class QuestionRefused(Exception):
    """Why it is not asked or answered, for whoever wrote it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def ask(asker: User, listing: Listing, text: str) -> Question:
    """The same words again, as from a double click, are the question that waits already."""
    text = clean(text)
    if listing.state != Listing.State.PUBLISHED:
        raise QuestionRefused(_("This listing is not on sale, so nothing can be asked about it."))
    if listing.seller_id == asker.pk:
        raise QuestionRefused(_("This is your own listing."))
    with transaction.atomic():
        # One at a time of each person, so that the limits hold.
        User.objects.select_for_update().get(pk=asker.pk)
        mine = Question.objects.filter(asker=asker)
        waiting = mine.filter(listing=listing, answered_at__isnull=True, hidden_at__isnull=True)
        same = waiting.filter(text=text).first()
        if same is not None:
            return same
        check_limits(mine, waiting)
        question = Question.objects.create(listing=listing, asker=asker, text=text)
        address = reverse("question-answer", args=[question.pk])
        notifications.tell(listing.seller_id, Notification.Kind.QUESTION, title_of(listing), address, question=text)
        background.later(write_asked, question.pk, otherwise=write_asked)
    return question


def clean(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if hidden(text.replace("\n", "").replace("\t", "")):
        raise QuestionRefused(_("Write plain text, without control characters."))
    least, most = LENGTHS
    if not least <= len(text) <= most:
        raise QuestionRefused(_("Write %(least)d to %(most)d characters.") % {"least": least, "most": most})
    return text


def check_limits(mine: QuerySet[Question], waiting: QuerySet[Question]) -> None:
    if waiting.count() >= WAITING:
        raise QuestionRefused(
            _("%(most)d questions of yours wait for an answer here. Ask again once the seller has answered.")
            % {"most": WAITING}
        )
    if mine.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= A_DAY:
        raise QuestionRefused(_("You asked %(most)d questions today. Ask again tomorrow.") % {"most": A_DAY})


def answer(question: Question, text: str) -> bool:
    """The first answer is told to whoever asked; a later one takes its place. False where staff hid the question."""
    text = clean(text)
    shown = Question.objects.filter(pk=question.pk, hidden_at__isnull=True)
    with transaction.atomic():
        first = shown.filter(answered_at__isnull=True).update(answer=text, answered_at=timezone.now())
        if not first:
            return bool(shown.update(answer=text))
        listing = question.listing
        notifications.tell(
            question.asker_id, Notification.Kind.ANSWER, title_of(listing), listing.get_absolute_url(), answer=text
        )
        background.later(write_answered, question.pk, otherwise=write_answered)
    return True


def hidden_meanwhile() -> str:
    return _("Staff hid this question meanwhile; your answer was not saved.")


def title_of(listing: Listing) -> str:
    return listing.current.title if listing.current else str(listing)


def write_asked(question_id: int) -> None:
    question = with_listing().filter(pk=question_id).first()
    if question is not None:
        address = settings.SITE_URL + reverse("question-answer", args=[question.pk])
        context = {"question": question, "title": title_of(question.listing), "address": address}
        letters.write(question.listing.seller, "listings/asked.txt", context)


def write_answered(question_id: int) -> None:
    question = with_listing().filter(pk=question_id).first()
    if question is not None:
        context = {"question": question, "title": title_of(question.listing), "address": question.listing.address}
        letters.write(question.asker, "listings/answered.txt", context)


def hide(question: Question) -> bool:
    """By staff: gone from every page, and no answer to it is taken."""
    shown = Question.objects.filter(pk=question.pk, hidden_at__isnull=True)
    return bool(shown.update(hidden_at=timezone.now()))


def show(question: Question) -> bool:
    return bool(Question.objects.filter(pk=question.pk, hidden_at__isnull=False).update(hidden_at=None))


def with_listing() -> QuerySet[Question]:
    return Question.objects.select_related("listing__seller", "listing__current", "asker")


def shown_on(listing: Listing, reader: Visitor) -> QuerySet[Question]:
    """Answered ones for everybody, one's own that wait, and all for the seller; those that wait come first."""
    rows = Question.objects.filter(listing=listing, hidden_at__isnull=True)
    if reader.pk != listing.seller_id:
        rows = rows.filter(Q(answered_at__isnull=False) | Q(asker_id=reader.pk))
    return rows.order_by(F("answered_at").desc(nulls_first=True), "-pk")


def of_seller(seller: User) -> QuerySet[Question]:
    rows = with_listing().filter(listing__seller=seller, hidden_at__isnull=True)
    return rows.order_by(F("answered_at").desc(nulls_first=True), "pk")


def to_answer(seller: Visitor, number: int) -> Question:
    """For the seller of the listing alone."""
    row = with_listing().filter(pk=number, listing__seller=seller.pk, hidden_at__isnull=True).first()
    if row is None:
        raise Http404
    return row
