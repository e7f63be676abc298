"""What goes with the files of a format: how they are read, whose they are, and their checksums."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from . import statements
from .bundles import Bundle, in_memory, stem_of, whole
from .models import Dataset, DatasetFile

Kind = DatasetFile.Kind
# For the library `datasets`, which otherwise guesses from the most frequent suffix in the folder.
PATTERNS = {Kind.BUNDLE: "images/**", Kind.TAR: "*.tar", Kind.PARQUET: "*.parquet"}

HOW_TO_READ = {
    Kind.BUNDLE: """\
Unpack all parts into one folder. With labels, the images lie in a folder for each label, as torchvision's ImageFolder
and the library `datasets` expect it:

```python
from datasets import load_dataset
images = load_dataset("imagefolder", data_dir="THE_FOLDER/images", split="train")
```
""",
    Kind.TAR: """\
Each shard is a WebDataset: an image, its line of the manifest as json, and with labels the label's number as cls,
all three under the path that the image has in the zip parts.

```python
import glob, webdataset
images = webdataset.WebDataset(sorted(glob.glob("*.tar")), shardshuffle=False).decode("pil")

from datasets import load_dataset
images = load_dataset("webdataset", data_files="*.tar", split="train")
```
""",
    Kind.PARQUET: """\
One row for each image: the PNG file as it is, with labels the label's number, and its line of the manifest.

```python
from datasets import load_dataset
images = load_dataset("parquet", data_files="*.parquet", split="train")
```
""",
}

README = """\
---
configs: {configs}
---

# {name}

{count} synthetic images of {resolution} × {resolution} pixels, made by a generative adversarial network.{labels}

{reading}
{ownership}"""


def configs(kind: str) -> list[dict[str, Any]]:  # Any: JSON values
    """Of a dataset card's YAML head: `load_dataset` of the folder then finds its files."""
    return [{"config_name": "default", "data_files": [{"split": "train", "path": PATTERNS[Kind(kind)]}]}]


def labels_in_words(dataset: Dataset) -> str:
    """Their numbers in the files count from 0 in this order."""
    return f" Labels, numbered from 0: {', '.join(dataset.labels)}." if dataset.labels else ""


def of_owner(dataset: Dataset, kind: str, files: list[Bundle]) -> list[Bundle]:
    """For the owner's tar shards or Parquet; zip parts carry theirs inside."""
    if kind == Kind.BUNDLE or not files:
        return []
    licence = statements.OWNERSHIP.format(job=dataset.job.public_id)
    readme = README.format(
        configs=json.dumps(configs(kind)),
        name=dataset.name,
        count=f"{dataset.count:,}",
        resolution=dataset.resolution,
        labels=labels_in_words(dataset),
        reading=HOW_TO_READ[Kind(kind)],
        ownership=licence,
    )
    texts = {"README.md": readme, "LICENSE.txt": licence}
    added = [in_memory(name, text.encode(), dataset.created_at) for name, text in texts.items()]
    return [*added, *stored(dataset, dataset.created_at)]


def stored(dataset: Dataset, made_at: datetime) -> list[Bundle]:
    """Manifest and quality report, which lie in the first zip part too."""
    rows = {row.kind: row for row in dataset.files.all()}
    return [whole(rows[kind], made_at) for kind in (Kind.MANIFEST, Kind.REPORT) if kind in rows]


def checksums(dataset: Dataset, kind: str, files: Iterable[Bundle], made_at: datetime) -> Bundle:
    """As sha256sum writes it: `sha256sum -c` of it checks all files beside it."""
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    return in_memory(f"{folder_name(dataset, kind)}.sha256", lines.encode(), made_at)


def checksums_name(dataset: Dataset, kind: str) -> str:
    """What the card names. Zips have one inside, of what they hold."""
    return "checksums.sha256" if kind == Kind.BUNDLE else f"{folder_name(dataset, kind)}.sha256"


def folder_name(dataset: Dataset, kind: str) -> str:
    return f"{stem_of(dataset)}-{'zip' if kind == Kind.BUNDLE else kind}"
