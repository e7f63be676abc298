"""Writing zips whose entries are stored, not deflated, in one go from front to back.

The standard library's writer goes back to each entry to fill in its size, and keeps half a kilobyte of objects for
each; this one writes an entry at once and keeps the 70 bytes that its line in the directory takes.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import IO

CHUNK_BYTES = 1 << 20
STORED, VERSION, VERSION_64 = 0, 20, 45
UNIX = 3
PLAIN_FILE = 0o100644 << 16
UTF8 = 0x800
# The first of January 1980, at midnight: fixed, so that the same images make the same bytes.
DATE, TIME = 0x21, 0
MOST, MOST_ENTRIES = 0xFFFFFFFF, 0xFFFF

# As in APPNOTE.TXT 4.3: what begins an entry, its line in the directory, and what ends the file.
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END_64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64 = struct.Struct("<4sIQI")
OFFSET_64 = struct.Struct("<2HQ")


class StoredZip:
    """Appends to `file`, which starts empty; `size` is what has been written so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.size, self.entries = file, 0, 0
        self.directory = bytearray()

    def add(self, name: str, content: bytes, crc: int | None = None) -> int:
        """Returns where the content begins. `crc` is zlib.crc32 of the content, where it is known already."""
        crc = zlib.crc32(content) if crc is None else crc
        self.write(self.begun(name, len(content), crc) + content)
        return self.size - len(content)

    def copy(self, name: str, source: IO[bytes]) -> None:
        """A whole file, however large, as an entry."""
        crc, length = 0, 0
        for chunk in chunks(source):
            crc, length = zlib.crc32(chunk, crc), length + len(chunk)
        self.write(self.begun(name, length, crc))
        for chunk in chunks(source):
            self.write(chunk)

    def begun(self, name: str, length: int, crc: int) -> bytes:
        """What goes before an entry's content; its line is added to the directory."""
        title = name.encode()
        flags = 0 if name.isascii() else UTF8
        facts = (flags, STORED, TIME, DATE, crc, length, length, len(title))
        far = OFFSET_64.pack(1, 8, self.size) if self.size >= MOST else b""
        version = VERSION_64 if far else VERSION
        rest = (len(far), 0, 0, 0, PLAIN_FILE, min(self.size, MOST))
        self.directory += CENTRAL.pack(b"PK\x01\x02", UNIX << 8 | version, version, *facts, *rest) + title + far
        self.entries += 1
        return LOCAL.pack(b"PK\x03\x04", VERSION, *facts, 0) + title

    def write(self, content: bytes) -> None:
        self.file.write(content)
        self.size += len(content)

    def end(self) -> None:
        """The directory, without which it is no zip."""
        start, length = self.size, len(self.directory)
        self.write(bytes(self.directory))
        if start >= MOST or self.entries >= MOST_ENTRIES:
            counts = (self.entries, self.entries, length, start)
            self.write(END_64.pack(b"PK\x06\x06", 44, UNIX << 8 | VERSION_64, VERSION_64, 0, 0, *counts))
            self.write(LOCATOR_64.pack(b"PK\x06\x07", 0, start + length, 1))
        entries = min(self.entries, MOST_ENTRIES)
        self.write(END.pack(b"PK\x05\x06", 0, 0, entries, entries, length, min(start, MOST), 0))


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
