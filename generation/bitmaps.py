"""Which images of a dataset are meant: one bit for each, compressed. A million take 125 KB at most, a few far less."""

import zlib
from collections.abc import Iterable

Bits = int
LEVEL = 1


def of(numbers: Iterable[int]) -> Bits:
    numbers = list(numbers)
    held = bytearray(max(numbers, default=-1) // 8 + 1)
    for number in numbers:
        held[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(held, "little")


def packed(bits: Bits) -> bytes:
    return zlib.compress(raw(bits), LEVEL)


def unpacked(stored: bytes | memoryview) -> Bits:
    return int.from_bytes(zlib.decompress(stored), "little") if stored else 0


def raw(bits: Bits) -> bytes:
    return bits.to_bytes(-(-bits.bit_length() // 8), "little")


def numbers(bits: Bits) -> list[int]:
    """Ascending."""
    return [8 * place + bit for place, byte in enumerate(raw(bits)) if byte for bit in IN_BYTE[byte]]


def among(bits: Bits, asked: Iterable[int]) -> list[int]:
    """Those of `asked` whose bit is set, in their order."""
    held = raw(bits)
    return [number for number in asked if number >> 3 < len(held) and held[number >> 3] >> (number & 7) & 1]


IN_BYTE = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]
