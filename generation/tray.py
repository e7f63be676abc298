"""What the top bar of each page shows a signed-in person: jobs under way, and what they have not read yet."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from .access import Person, visible
from .models import GenerationJob, Notification

# More than these are in the list of jobs.
SHOWN = 6
# An older one is no news: whoever opens a page finds it by its number in the bar.
NEWS = timedelta(minutes=10)


@dataclass(frozen=True)
class Counts:
    active: int
    unread: int
    # The newest notification, 0 where there is none: a page that is open tells only of those that came after it.
    newest: int


def counts(person: AbstractBaseUser) -> Counts:
    """In one query, each part of it by an index made for it."""
    active = GenerationJob.objects.filter(owner=OuterRef("pk"), finished_at__isnull=True)
    told = Notification.objects.filter(owner=OuterRef("pk"))
    newest = Subquery(told.order_by("-created_at", "-pk").values("pk")[:1], output_field=IntegerField())
    row = get_user_model()._default_manager.filter(pk=person.pk)
    figures = (number(active), number(told.unread()), Coalesce(newest, 0))
    return Counts(*row.values_list(*figures).get())


def number(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("owner").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def jobs_under_way(person: Person) -> QuerySet[GenerationJob]:
    """Those that run, and then those that wait, each in their order."""
    rows = visible(GenerationJob.objects.filter(finished_at__isnull=True), person)
    return rows.select_related("source_set").order_by(F("started_at").asc(nulls_last=True), "created_at")


def news(person: Person) -> QuerySet[Notification]:
    recent = visible(Notification.objects.unread(), person).filter(created_at__gt=timezone.now() - NEWS)
    return recent.select_related("job__source_set", "job__dataset").order_by("pk")
