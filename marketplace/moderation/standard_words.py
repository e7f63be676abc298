"""What a refusal says when staff add no words of their own: one click, and still a reason and a remedy."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import Decision

Code = Decision.ReasonCode
# By reason code: why, and what to fix.
WORDS: dict[str, tuple[Promise, Promise]] = {
    Code.QUALITY: (
        _("The generated images are visibly worse than the source images: see the quality report."),
        _("Train longer or on more images, or sort out the bad ones in the gallery, and submit the new dataset."),
    ),
    Code.COPIES: (
        _("Some generated images are too close to a source image: see the closest pairs in the quality report."),
        _("Reject the images that are too close in the gallery, and submit the dataset that results."),
    ),
    Code.RIGHTS: (
        _("The declaration of rights does not show that you may sell what was made of these source images."),
        _("Say whose the source images are and attach what permits their use to the description."),
    ),
    Code.PEOPLE: (
        _("The source images show people who can be recognised, without a release."),
        _("Use images without recognisable people, or declare the releases that you hold."),
    ),
    Code.MINORS: (
        _("The source images show minors. Datasets made of them are not sold here."),
        _("Take these images out of the source set and train again."),
    ),
    Code.CONTENT: (
        _("What the images show may not be sold here: see the terms."),
        _("Use other source images."),
    ),
    Code.WORDS: (
        _("Title or description promise something that the dataset does not hold."),
        _("Describe what the images show, how many there are and what they were made of."),
    ),
    Code.LEGAL: (
        _("Somebody claims that this listing infringes their rights."),
        _("Answer with a counter-notice if that is wrong."),
    ),
    Code.URGENT: (
        _("Somebody has to look into this listing before it is sold any further."),
        _("Nothing has to be done now. You hear of the outcome, and may appeal."),
    ),
}


def why(code: str) -> str:
    return str(WORDS[code][0]) if code in WORDS else ""


def remedy(code: str) -> str:
    return str(WORDS[code][1]) if code in WORDS else ""
