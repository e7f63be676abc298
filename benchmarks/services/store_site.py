"""A site of its own on PostgreSQL, Redis and Ceph's S3 gateway, all on this machine."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.services.servers import Server
from benchmarks.site import Site, free_port, running


@contextlib.contextmanager
def on_servers(*, workers: bool) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="gs-") as folder:
        # The user postgres must reach its own folder in there.
        Path(folder).chmod(0o755)
        ours = os.environ | {"TMPDIR": folder}
        made = {name: Server(name, ours) for name in ("postgres", "redis")}
        # It takes nineteen ports after the first.
        made["ceph"] = Server("ceph", ours | {"PORT": str(free_port()), "STORE": "memstore"})
        try:
            found = {name: server.do("start") for name, server in made.items()}
            store = dict(line.split("=", 1) for line in found["ceph"].splitlines())
            addresses = {"DATABASE_URL": found["postgres"], "REDIS_URL": found["redis"]}
            with running(workers=workers, settings=addresses | store) as site:
                yield site
        finally:
            for server in made.values():
                with contextlib.suppress(RuntimeError):
                    server.do("stop")
