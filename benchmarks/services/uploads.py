"""10,000 photographs in one zip, sent to the bucket by presigned links and checked there by the real worker."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import photographs, processes
from benchmarks.bars import Bar
from benchmarks.control.intake import COUNT, SIDE, measure
from benchmarks.services.store_site import on_servers
from ganerate.demo.client import Client

# As the browser's script does.
AT_ONCE, LINKS_AT_ONCE = 2, 16


def bars(*, full: bool) -> Iterator[Bar]:
    with tempfile.TemporaryDirectory() as folder, on_servers(workers=True) as site:
        path = Path(folder) / "photographs.zip"
        photographs.write_zip(path, COUNT, SIDE)
        with processes.watched(site.folder) as watch:
            sent, first, last, found = measure(site, path, send=to_the_store)
    size, heaviest = found["bytes"] / processes.MEGABYTE, max(watch.most.values()) / processes.MEGABYTE
    what = f"{COUNT:,} images of {SIDE} px in one zip, sent to the bucket"
    detail = f"zip of {size:.0f} MB, sent in {sent:.1f} s ({size / sent:.0f} MB/s)"
    yield Bar(f"{what}: first verdict after completion of the upload", first, 2.0, " s", detail=detail)
    detail = f"{COUNT / last:.0f} images a second, the store on the same cores; {found['images']}"
    yield Bar(f"{what}: all verdicts", last, 120.0, " s", detail=detail)
    yield Bar(f"{what}: the heaviest process of the site meanwhile", heaviest, 400, " MB", detail=watch.shown)


def to_the_store(client: Client, base: str, path: Path) -> str:
    begun = client.post(f"{base}uploads/", {"file_name": path.name, "size": path.stat().st_size})
    upload, size = f"{base}uploads/{begun['id']}/", begun["part_size"]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for first in range(1, begun["part_count"] + 1, LINKS_AT_ONCE):
            numbers = list(range(first, min(first + LINKS_AT_ONCE, begun["part_count"] + 1)))
            links = client.post(f"{upload}links/", {"numbers": numbers})["links"]
            list(threads.map(lambda link: send(client, link, path, size), links))
    return upload


def send(client: Client, link: dict[str, Any], path: Path, size: int) -> None:
    with path.open("rb") as file:
        file.seek((link["number"] - 1) * size)
        client.send(link["url"], file.read(size))
