from .appeals import Appeal
from .audit import AuditEntry, AuditHead
from .blocks import BlockedHash, Flag
from .decisions import Decision, Review
from .notices import Notice, Takedown
from .suspensions import Suspension

__all__ = [
    "Appeal",
    "AuditEntry",
    "AuditHead",
    "BlockedHash",
    "Decision",
    "Flag",
    "Notice",
    "Review",
    "Suspension",
    "Takedown",
]
