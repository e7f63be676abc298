"""A site of its own on each of the two databases."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.services.servers import Server
from benchmarks.site import Site, prepared


@contextlib.contextmanager
def on_postgres() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="gm-") as folder:
        # The user postgres must reach its own folder in there.
        Path(folder).chmod(0o755)
        server = Server("postgres", os.environ | {"TMPDIR": folder})
        try:
            with prepared({"DATABASE_URL": server.do("start")}) as site:
                yield site
        finally:
            server.do("stop")


DATABASES = {"SQLite": prepared, "PostgreSQL": on_postgres}
