"""Sampling by one worker and by two, each on a host of its own with one core and one thread.

Both have made a shard before, and stay: what a worker must load is told beside it.
"""

from collections.abc import Iterator

from benchmarks.bars import Bar
from benchmarks.services import namespaces
from benchmarks.services.hosts import Farm, site, wait
from benchmarks.services.servers import servers

IMAGES, FULL_IMAGES = 32_768, 131_072
WARM = 8_192

MADE = """SELECT extract(epoch FROM max(t.finished_at) - min(e.created_at)) FROM generation_jobtask t
JOIN generation_jobevent e ON e.job_id = t.job_id AND e.payload->>'stage' = 'sampling' AND e.kind = 'stage'
WHERE t.job_id = %s AND t.kind = 'sample'"""


def bars(*, full: bool) -> Iterator[Bar]:
    if why := namespaces.missing():
        print(f"!! SKIPPED: {why}, so no hosts were made on this machine.")
        return
    count = FULL_IMAGES if full else IMAGES
    with namespaces.hosts(2) as (first, second), servers() as there, site(there) as farm:
        generator = farm.job("trained")["generator"]
        farm.sweep()
        farm.work(first, cores={0})
        made(farm, generator, WARM)
        one = made(farm, generator, count)
        farm.work(second, cores={1})
        made(farm, generator, 2 * WARM)
        two = made(farm, generator, count)
    yield Bar(
        "images a second of two workers against one, each with a core and a thread",
        one / two,
        1.7,
        "x",
        at_least=True,
        detail=f"{count:,} images of 64 px in {one:.1f} and {two:.1f} s: {count / one:.0f} and {count / two:.0f}/s",
    )


def made(farm: Farm, generator: str, count: int) -> float:
    """Seconds from the first shard's ticket to the last shard's commit."""
    job = farm.job("again", generator, str(count))["job"]
    wait(lambda: farm.ended(job))
    farm.job("told", str(job))
    [(seconds,)] = farm.rows(MADE, job)
    return float(seconds)
