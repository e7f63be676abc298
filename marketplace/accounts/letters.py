"""E-mails about what happened, in the language of whoever reads them."""

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation

from .models import User

logger = logging.getLogger(__name__)
Attachment = tuple[str, bytes, str]  # name, content, type


def write(
    reader: User,
    template: str,
    context: dict[str, Any],  # Any: as Django's templates take it
    attachments: Sequence[Attachment] = (),
) -> bool:
    """`template` holds the subject in its first line. Never raises: a broken mail server breaks nothing else."""
    if not reader.is_active:
        return False
    with translation.override(reader.language), timezone.override(reader.time_zone):
        subject, _, body = render_to_string(template, context | {"reader": reader}).strip().partition("\n")
    try:
        letter = EmailMessage(" ".join(subject.split()), body.strip() + "\n", None, [reader.email])
        letter.attachments.extend(attachments)
        return bool(letter.send())
    except Exception:
        logger.exception("No letter %s to user %s", template, reader.pk)
        return False
