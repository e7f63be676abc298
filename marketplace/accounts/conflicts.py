from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """The request is well formed, but not now. `members` go into the problem details."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("This can't be done in the present state.")
    default_code = "conflict"

    def __init__(self, detail: Any = None, code: str | None = None, **members: object) -> None:
        super().__init__(detail, code)
        self.members = members
