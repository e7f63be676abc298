"""What may be asked of a job, one sentence for each field, and of all jobs of one person; page and API both say it."""

from functools import cache

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .engine.config import FITS, MAX_KIMG, MAX_MINUTES, PRESETS, RESOLUTIONS, TRANSPARENCIES
from .models import GenerationJob

MAX_SEED = 2**63 - 1
MIN_MINUTES = 0.1
# A label that is hardly ever shown to the model is drawn badly, and as often as the others.
MIN_PER_LABEL = 10


def sentences() -> dict[str, str]:
    """In the reader's language, by field."""
    return sentences_in(get_language(), settings.MAX_COUNT)


@cache
def sentences_in(language: str | None, most: int) -> dict[str, str]:
    """Kept, because every request that creates a job asks for all of them."""
    return {
        "count": _("Choose between 1 and %(most)s images.") % {"most": f"{most:,}"},
        "preset": _("Choose one of these presets: %(choices)s.") % {"choices": ", ".join(PRESETS)},
        "resolution": _("Choose one of these resolutions: %(choices)s pixels.") % {"choices": listed(RESOLUTIONS)},
        "fit": _("Choose how images become square: %(choices)s.") % {"choices": ", ".join(FITS)},
        "transparency": _("Choose what becomes of transparency: %(choices)s.") % {"choices": ", ".join(TRANSPARENCIES)},
        "labels": _("Choose whether the labels are learned: true or false."),
        "sharing": _("Choose how the images are shared out among the labels: equal, proportion, each."),
        "minutes": _("Choose between %(least)s and %(most)s minutes, or leave it empty.")
        % {"least": MIN_MINUTES, "most": f"{MAX_MINUTES:,.0f}"},
        "kimg": _("Choose more than 0 and at most %(most)s thousand images, or leave it out.")
        % {"most": f"{MAX_KIMG:,.0f}"},
        "seed": _("Choose a whole number from 0 to %(most)s, or leave it empty.") % {"most": f"{MAX_SEED:,}"},
    }


def listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)


def messages(field: str) -> dict[str, str]:
    """For a form's or serializer's field: whatever is wrong with it, what is allowed helps most."""
    codes = ("required", "null", "invalid", "invalid_choice", "min_value", "max_value", "max_string_length", "overflow")
    return dict.fromkeys(codes, sentences()[field])


def account_problems(owner_id: int, count: int) -> dict[str, str]:
    """Within the transaction that makes a job of `count` images: what the owner's other jobs leave no room for."""
    # Two jobs at once are counted one after the other: SQLite's transactions are, and elsewhere this row is locked.
    list(get_user_model()._default_manager.select_for_update().filter(pk=owner_id).values_list("pk"))
    active = GenerationJob.objects.filter(owner=owner_id, finished_at__isnull=True)
    found = active.aggregate(jobs=Count("pk"), images=Sum("count"))
    if found["jobs"] >= settings.MAX_ACTIVE_JOBS:
        return {"limit": too_many_jobs(active)}
    made = found["images"] or 0
    if made + count > settings.MAX_ACTIVE_IMAGES:
        return {"count": too_many_images(made)}
    return {}


def too_many_jobs(active: QuerySet[GenerationJob]) -> str:
    waiting = active.filter(state=GenerationJob.State.QUEUED).count()
    text = _(
        "You may have %(most)d jobs under way at a time: %(running)d of yours run and %(waiting)d wait. Cancel one "
        "that you do not need, or start this one once another has ended."
    )
    return text % {"most": settings.MAX_ACTIVE_JOBS, "running": active.count() - waiting, "waiting": waiting}


def too_many_images(made: int) -> str:
    text = _(
        "Your jobs under way may make %(most)s images together, and they will make %(made)s. Ask for %(left)s at most, "
        "cancel a job that you do not need, or wait until one has ended."
    )
    most, left = settings.MAX_ACTIVE_IMAGES, max(0, settings.MAX_ACTIVE_IMAGES - made)
    return text % {"most": f"{most:,}", "made": f"{made:,}", "left": f"{left:,}"}
