"""Every process of a site while it makes 10,000 images and then 200,000: what is in memory must not grow with them.

Memory of one's own is judged, without pages of files, which the system takes back when it needs them. At 28 px with the
small nets of preset quick, so that it takes minutes.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.processes import MEGABYTE
from benchmarks.services.hosts import wait
from benchmarks.site import Site, running

FEW, MANY = 10_000, 200_000


def bars(*, full: bool) -> Iterator[Bar]:
    with running(workers=True) as site:
        generator = json.loads(site.python("-m", "benchmarks.services.job", "trained", "28"))["generator"]
        few, many = (weighed(site, generator, count) for count in (FEW, MANY))
    grown = {name: many[name] - few.get(name, 0) for name in many if name in few}
    shown = "; ".join(f"{name} {few[name] / MEGABYTE:.0f} and {many[name] / MEGABYTE:.0f} MB" for name in sorted(grown))
    yield Bar(
        f"the most that any process grows by from {FEW:,} images to {MANY:,}",
        max(grown.values()) / MEGABYTE,
        50.0,
        " MB",
        detail=shown,
    )


def weighed(site: Site, generator: str, count: int) -> dict[str, int]:
    """The most that each process had for itself while the job was done, to the last image measured."""
    job = json.loads(site.python("-m", "benchmarks.services.job", "queued", generator, str(count)))["job"]
    with processes.watched(site.folder, weigh=own) as watch:
        wait(lambda: json.loads(site.python("-m", "benchmarks.services.job", "over", str(job)))["over"], every=2.0)
    site.python("-m", "benchmarks.services.job", "told", str(job))
    return {name: size for name, size in watch.most.items() if "benchmarks" not in name}


def own(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
