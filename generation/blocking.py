"""Pictures that nobody may upload or train on. Which they are, an app above knows: it puts its functions in here.

Asked of each file that comes in, of a whole set when something was blocked or came in, and by the worker before it
trains. A submit reads only what was then kept on the set.
"""

from collections.abc import Callable, Collection

from django.utils.translation import ngettext

from .models import SourceImage, SourceSet

# Of these SHA-256, of files and of pixels, those that are blocked in this source set.
refusers: list[Callable[[int, Collection[str]], set[str]]] = []
# The usable pictures of a source set that have been blocked since they came in.
finders: list[Callable[[int], set[int]]] = []

FLAG = "blocked_since"


def refused(source_set_id: int, digests: Collection[str]) -> set[str]:
    return {digest for refuse in refusers for digest in refuse(source_set_id, digests)} if digests else set()


def blocked_since(source_set: SourceSet) -> set[int]:
    return {pk for find in finders for pk in find(source_set.pk)}


def mark(source_set: SourceSet) -> None:
    """Flags such pictures for their owner, and those no more that may be used again; counts them on the set."""
    blocked = blocked_since(source_set)
    usable = source_set.usable_images
    flagged = {*usable.with_flag(FLAG).values_list("pk", flat=True)}
    changed = list(usable.filter(pk__in=blocked ^ flagged).only("flags"))
    for image in changed:
        image.flags = sorted({*image.flags} ^ {FLAG})
    SourceImage.objects.bulk_update(changed, ["flags"], batch_size=500)
    SourceSet.objects.filter(pk=source_set.pk).exclude(blocked_count=len(blocked)).update(blocked_count=len(blocked))


def problem(source_set: SourceSet) -> str:
    """Why nothing may be trained on this set, or nothing."""
    return words(source_set.blocked_count)


def problem_found(source_set: SourceSet) -> str:
    """The same, from looking at every image."""
    return words(len(blocked_since(source_set)))


def words(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(count)d picture of this set was blocked and may not be used here: the set shows which. Delete it, in a new "
        "version if a job has used these images.",
        "%(count)d pictures of this set were blocked and may not be used here: the set shows which. Delete them, in a "
        "new version if a job has used these images.",
        count,
    ) % {"count": count}
