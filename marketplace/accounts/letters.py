"""E-mails about what happened, in the language of whoever reads them."""

import logging
from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone, translation

from .models import User

logger = logging.getLogger(__name__)


def write(reader: User, template: str, context: dict[str, Any]) -> bool:  # Any: as Django's templates take it
    """`template` holds the subject in its first line. Never raises: a broken mail server breaks nothing else."""
    if not reader.is_active:
        return False
    with translation.override(reader.language), timezone.override(reader.time_zone):
        subject, _, body = render_to_string(template, context | {"reader": reader}).strip().partition("\n")
    try:
        return bool(send_mail(" ".join(subject.split()), body.strip() + "\n", None, [reader.email]))
    except Exception:
        logger.exception("No letter %s to user %s", template, reader.pk)
        return False
