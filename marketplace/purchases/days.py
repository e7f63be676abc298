"""Terms that are counted in days end at midnight, where the site is."""

from datetime import datetime, time, timedelta

from django.utils import timezone


def begins(moment: datetime, days_later: int) -> datetime:
    """The first moment of the day that comes so many days after that of `moment`."""
    zone = timezone.get_default_timezone()
    day = timezone.localtime(moment, zone).date() + timedelta(days=days_later)
    return datetime.combine(day, time(), zone)
