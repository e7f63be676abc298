"""The same program on S3, PostgreSQL, Redis and many machines."""

from collections.abc import Callable, Iterator

from benchmarks.bars import Bar
from benchmarks.services import hosts, memory, presigned, rows, scaling, uploads

PARTS: dict[str, Callable[..., Iterator[Bar]]] = {
    "presigned": presigned.bars,
    "uploads": uploads.bars,
    "hosts": hosts.bars,
    "rows": rows.bars,
    "scaling": scaling.bars,
    "memory": memory.bars,
}
