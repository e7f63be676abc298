"""Parquet as the library `datasets` reads it: a column of images, each a struct of bytes and path, and the manifest.

pyarrow is imported by whoever writes such a file alone. The same images make the same bytes with the same pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from .manifests import Entry

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]  # Any: values of the columns

GROUP_IMAGES = 1_000
GROUP_BYTES = 32_000_000
# Anything but what is compressed already, or differs in each row.
REPEATED = ("label", "attempt", "seed")


def write(file: IO[bytes], images: Iterable[tuple[Entry, bytes]], labels: list[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = schema(labels)
    plain = [column for column in fields.names if column != "image"]
    with pq.ParquetWriter(
        file,
        fields,
        compression=dict.fromkeys(plain, "zstd") | {"image.bytes": "none", "image.path": "zstd"},
        use_dictionary=[column for column in REPEATED if column in plain],
        write_statistics=plain,
        write_page_index=True,
    ) as writer:
        for group in groups(images):
            rows = [row(entry, png, labels) for entry, png in group]
            writer.write_table(pa.Table.from_pylist(rows, fields), len(rows))


def groups(images: Iterable[tuple[Entry, bytes]]) -> Iterator[list[tuple[Entry, bytes]]]:
    group: list[tuple[Entry, bytes]] = []
    held = 0
    for one in images:
        if group and (len(group) == GROUP_IMAGES or held + len(one[1]) > GROUP_BYTES):
            yield group
            group, held = [], 0
        group.append(one)
        held += len(one[1])
    if group:
        yield group


def row(entry: Entry, png: bytes, labels: list[str]) -> Row:
    told = {key: entry[key] for key in ("sha256", "slot", "attempt", "distance")}
    label = {"label": labels.index(entry["label"]) if entry["label"] in labels else None} if labels else {}
    return {"image": {"bytes": png, "path": entry["file"]}, **label, **told, "seed": str(entry["seed"])}


def schema(labels: list[str]) -> pa.Schema:
    """With what `datasets` wants to know of the columns, in the words of its own files."""
    import pyarrow as pa

    columns: dict[str, pa.DataType] = {
        "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        **({"label": pa.int64()} if labels else {}),
        "sha256": pa.string(),
        "slot": pa.int64(),
        "attempt": pa.int32(),
        "distance": pa.float64(),
        "seed": pa.string(),
    }
    features = {name: feature(name, kind, labels) for name, kind in columns.items()}
    told = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return pa.schema(list(columns.items()), metadata={"huggingface": told})


def feature(name: str, kind: pa.DataType, labels: list[str]) -> Row:
    if name == "image":
        return {"_type": "Image"}
    if name == "label":
        return {"_type": "ClassLabel", "names": labels}
    return {"_type": "Value", "dtype": {"double": "float64"}.get(str(kind), str(kind))}
