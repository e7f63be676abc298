from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np

from generation.engine.pictures import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2
SUB = 1


def encode_png(pixels: Pixels, text: Mapping[str, str] | None = None) -> bytes:
    """uint8 [H,W,C] with C 1 or 3 -> a PNG file; `text` becomes its iTXt chunks, keywords in Latin letters.

    The Sub filter with run-length deflate is about four times as fast as Pillow's writer, for files a little larger.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, RGB if channels == 3 else GREY, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header)]
    chunks += [_chunk(b"iTXt", _international(key, value)) for key, value in (text or {}).items()]
    chunks += [_chunk(b"IDAT", _deflate(_filtered(pixels))), _chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(chunks)


def _filtered(pixels: Pixels) -> bytes:
    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + width * channels), dtype=np.uint8)
    flat = pixels.reshape(height, -1)
    rows[:, 0] = SUB
    rows[:, 1 : 1 + channels] = flat[:, :channels]
    np.subtract(flat[:, channels:], flat[:, :-channels], out=rows[:, 1 + channels :])
    return rows.tobytes()


def _deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return compressor.compress(content) + compressor.flush()


def _international(keyword: str, value: str) -> bytes:
    return keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
