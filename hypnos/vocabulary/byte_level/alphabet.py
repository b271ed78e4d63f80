"""The alphabet of byte-level BPE: each byte is written as one printable sign (GPT-2, Radford et al. 2019)."""

from collections.abc import Mapping


def _signs() -> dict[int, str]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    signs = {byte: chr(byte) for byte in printable}
    for byte in range(0x100):
        if byte not in signs:
            signs[byte] = chr(0x100 + len(signs) - len(printable))
    return signs


SIGNS: Mapping[int, str] = _signs()

_NO_BYTE = 0xFFFF
_CODES = dict.fromkeys(range(0x100), _NO_BYTE) | {ord(sign): byte for byte, sign in SIGNS.items()}


def write_text(text: str) -> str:
    """A text as byte-level BPE writes it, a sign for each byte of its UTF-8."""
    return text.encode().decode("latin-1").translate(SIGNS)


def read_bytes(written: str) -> bytes | None:
    """The bytes of a piece; None for one that is no row of signs, such as a special token with a space."""
    try:
        return written.translate(_CODES).encode("latin-1")
    except UnicodeEncodeError:
        return None


def read_text(written: str) -> str | None:
    """The text of a piece; None where it begins or ends within a character."""
    data = read_bytes(written)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None
