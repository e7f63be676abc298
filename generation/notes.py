"""What a training run says about itself, in words for people: the engine gives a code and numbers."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import events
from .models import GenerationJob

WORDS: dict[str, str | Promise] = {
    "overfitting": _("The model had begun to learn the images by heart: from here on they are varied more for it."),
    "collapse": _("The samples had become too alike: back to %(back_to)s thousand images seen, in smaller steps."),
    "divergence": _("The samples had become much worse: back to %(back_to)s thousand images seen, in smaller steps."),
    "not-finite": _("The calculation had broken down: back to %(back_to)s thousand images seen, in smaller steps."),
    "gave-up-collapse": _(
        "Training was ended early: the samples became too alike for the third time. The best model until then was used."
    ),
    "gave-up-divergence": _(
        "Training was ended early: the samples became much worse for the third time. "
        "The best model until then was used."
    ),
    "gave-up-not-finite": _(
        "Training was ended early: the calculation broke down for the third time. The best model until then was used."
    ),
    "delivers-best": _("The best model is used: the one after %(best_kimg)s thousand images seen."),
    "delivers-last": _("Too few images to hold some back and choose the best model by them: the last one is used."),
    "other-machine": _(
        "Training goes on with another version of PyTorch or another kind of processor: the result may differ a little."
    ),
}


def tell(job: GenerationJob, code: str, kimg: float, numbers: Mapping[str, float]) -> None:
    """Once: a run that goes on from a checkpoint says again what it said since."""
    if not job.events.filter(kind="note", payload__data__code=code, payload__data__kimg=kimg).exists():
        events.record(job, "note", {"code": code, "kimg": kimg, **numbers})


def reason(job: GenerationJob) -> str:
    """Why its training was ended early, or nothing."""
    told = job.events.filter(kind="note", payload__data__code__startswith="gave-up-").last()
    return str(WORDS[told.payload["data"]["code"]]) if told else ""
