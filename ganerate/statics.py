"""Style sheets, scripts and pictures as production serves them: named by their content, compressed, collected once."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.utils.translation import gettext as _


def collect_if_stale(say: Callable[[str], object]) -> None:
    """With DEBUG every file is served from where it lies."""
    if not settings.DEBUG and stale(Path(settings.STATIC_ROOT) / "staticfiles.json"):
        say(_("Collecting the static files …"))
        call_command("collectstatic", interactive=False, verbosity=0)


def stale(manifest: Path) -> bool:
    return not manifest.exists() or newest_source() > manifest.stat().st_mtime


def newest_source() -> float:
    files = [storage.path(name) for finder in get_finders() for name, storage in finder.list(ignore_patterns=None)]
    return max(Path(path).stat().st_mtime for path in files)
