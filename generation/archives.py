"""What is in an uploaded file: one image, or a zip read within limits and never unpacked to disk."""

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, NamedTuple

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from .labels import IMAGE_SUFFIXES, labels_of
from .refusals import UploadRefused

MAX_ENTRIES = 20_000
MAX_UNPACKED = 20 * 1024**3
MAX_FILE = 64 * 1024**2
MAX_RATIO = 100
# An archive this small can't hurt whatever its ratio: a flat drawing packs very well.
SMALL = 256 * 1024**2
DIRECTORY_BYTES = MAX_ENTRIES * 1024
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")


class Entry(NamedTuple):
    number: int
    name: str
    label: str
    size: int
    refusal: str  # a slug, or empty


@dataclass(frozen=True)
class Contents:
    """The entries worth a verdict, in order, and a way to read each."""

    file: IO[bytes]
    archive: zipfile.ZipFile | None
    entries: list[Entry]

    def read(self, entry: Entry) -> bytes:
        """Raises zipfile.BadZipFile, zlib.error or EOFError where the archive does not hold what it says."""
        if self.archive is None:
            self.file.seek(0)
            return self.file.read()
        with self.archive.open(self.archive.infolist()[entry.number]) as member:
            return member.read(MAX_FILE + 1)


def contents(file: IO[bytes], name: str) -> Contents:
    file.seek(0)
    head = file.read(4)
    if head[:2] != b"PK":
        size = file.seek(0, 2)
        return Contents(file, None, [Entry(0, name, "", size, "too_many_bytes" if size > MAX_FILE else "")])
    archive = opened(file, name)
    entries = list(read_entries(archive))
    if not any(looks_like_image(entry) for entry in entries):
        raise UploadRefused("file", _("%(name)s holds no image.") % {"name": name})
    return Contents(file, archive, entries)


def opened(file: IO[bytes], name: str) -> zipfile.ZipFile:
    try:
        refuse_long_directory(file, name)
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, struct.error, ValueError, EOFError, NotImplementedError):
        raise UploadRefused("file", _("%(name)s is a damaged or incomplete zip.") % {"name": name}) from None
    refuse_bomb(archive, file.seek(0, 2), name)
    return archive


def refuse_long_directory(file: IO[bytes], name: str) -> None:
    """Before the directory is read into memory: it may claim, and have, millions of entries."""
    size = directory_size(file)
    if size > DIRECTORY_BYTES:
        raise UploadRefused("file", too_many_entries(name))


def directory_size(file: IO[bytes]) -> int:
    end = file.seek(0, 2)
    start = file.seek(max(0, end - END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise zipfile.BadZipFile
    size = END.unpack_from(tail, at)[5]
    return directory_size_64(file, start + at) if size == 0xFFFFFFFF else size


def directory_size_64(file: IO[bytes], end: int) -> int:
    file.seek(max(0, end - LOCATOR_64.size))
    file.seek(LOCATOR_64.unpack(file.read(LOCATOR_64.size))[2])
    return END_64.unpack(file.read(END_64.size))[8]


def refuse_bomb(archive: zipfile.ZipFile, size: int, name: str) -> None:
    infos = archive.infolist()
    packed = sum(info.compress_size for info in infos)
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > MAX_ENTRIES:
        raise UploadRefused("file", too_many_entries(name))
    if unpacked > MAX_UNPACKED:
        limit = filesizeformat(MAX_UNPACKED)
        text = _("%(name)s unpacks to more than %(limit)s. Split it.")
        raise UploadRefused("file", text % {"name": name, "limit": limit})
    # Entries that overlap share bytes, so together they claim more than the archive has.
    if packed > size or (unpacked > SMALL and unpacked > MAX_RATIO * packed):
        text = _("%(name)s unpacks to far more than it holds. It looks like a zip bomb; make it again.")
        raise UploadRefused("file", text % {"name": name})


def too_many_entries(name: str) -> str:
    return _("%(name)s has more than %(limit)d files. Split it.") % {"name": name, "limit": MAX_ENTRIES}


def read_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    names = {number: readable_name(info) for number, info in enumerate(archive.infolist())}
    kept = {number: name for number, name in names.items() if not name.endswith("/") and not from_the_system(name)}
    labels = labels_of(kept.values())
    for number, name in kept.items():
        info = archive.infolist()[number]
        yield Entry(number, name, labels.get(name, ""), info.file_size, refusal(info, name))


def readable_name(info: zipfile.ZipInfo) -> str:
    """Zips made by Windows in Korean name files in code page 949 and do not say so."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def from_the_system(name: str) -> bool:
    return any(part.lower() in SYSTEM_NAMES or part.startswith("._") or part == ".DS_Store" for part in name.split("/"))


def refusal(info: zipfile.ZipInfo, name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        return "unsafe_name"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "link"
    if info.flag_bits & 1:
        return "encrypted"
    if info.compress_type not in COMPRESSIONS:
        return "compression"
    return "too_many_bytes" if info.file_size > MAX_FILE else ""


def looks_like_image(entry: Entry) -> bool:
    """By name only, so that an archive without any is refused as a whole. What is inside is judged by content."""
    suffix = PurePosixPath(entry.name).suffix.lower()
    return suffix in IMAGE_SUFFIXES or not suffix
