"""10,000 photographs of 400 px in one zip of about 300 MB, sent in parts and checked by the real worker."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import photographs, processes
from benchmarks.bars import Bar
from benchmarks.site import Site, running
from ganerate.demo.client import Client

COUNT = 10_000
SIDE = 400
# Sends a file to a source set and returns the upload's address.
Send = Callable[[Client, str, Path], str]


def bars(*, full: bool) -> Iterator[Bar]:
    with tempfile.TemporaryDirectory() as folder, running(workers=True) as site:
        path = Path(folder) / "photographs.zip"
        photographs.write_zip(path, COUNT, SIDE)
        with processes.watched(site.folder) as watch:
            sent, first, last, found = measure(site, path)
    size = found["bytes"] / processes.MEGABYTE
    heaviest = max(watch.most.values()) / processes.MEGABYTE
    yield Bar(
        f"{COUNT:,} images of {SIDE} px in one zip: first verdict after completion of the upload",
        first,
        2.0,
        " s",
        detail=f"zip of {size:.0f} MB, sent in {sent:.1f} s ({size / sent:.0f} MB/s)",
    )
    yield Bar(
        f"{COUNT:,} images of {SIDE} px in one zip: all verdicts",
        last,
        120.0,
        " s",
        detail=f"{COUNT / last:.0f} images a second; {found['images']}",
    )
    yield Bar("the heaviest process of the site meanwhile", heaviest, 400, " MB", detail=watch.shown)


def measure(site: Site, path: Path, send: Send | None = None) -> tuple[float, float, float, dict[str, Any]]:
    """Seconds to send, to the first verdict and to the last, and what was found."""
    client = Client(site.address, site.token())
    declaration = {"owns_rights": True, "no_recognisable_people": True}
    base = (
        f"/api/v1/source-sets/{client.post('/api/v1/source-sets/', {'name': 'P', 'declaration': declaration})['id']}/"
    )
    started = time.perf_counter()
    upload = (send or through_the_site)(client, base, path)
    completed = time.perf_counter()
    client.post(f"{upload}complete/")
    while not (images := client.get(base)["images"])["accepted"] + images["fixed"] + images["rejected"]:
        time.sleep(0.05)
    first = time.perf_counter() - completed
    while (state := client.get(upload)["state"]) == "checking":
        time.sleep(0.5)
    last = time.perf_counter() - completed
    images = client.get(base)["images"]
    if state != "done" or images["total"] != COUNT or images["accepted"] + images["fixed"] != COUNT:
        raise RuntimeError(f"the upload is {state} with {images}")
    return completed - started, first, last, {"bytes": path.stat().st_size, "images": images}


def through_the_site(client: Client, base: str, path: Path) -> str:
    begun = client.post(f"{base}uploads/", {"file_name": path.name, "size": path.stat().st_size})
    upload = f"{base}uploads/{begun['id']}/"
    with path.open("rb") as file:
        for number in range(1, begun["part_count"] + 1):
            client.request("PUT", f"{upload}parts/{number}/", file.read(begun["part_size"]))
    return upload
