"""Knows the simplified sign of each traditional one."""

from functools import cache


@cache
def simplified_signs() -> dict[str, str]:
    """Simplified by traditional character, where one stands for one."""
    from opencc import OpenCC

    signs = "".join(chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00)))
    converter = OpenCC("t2s")
    pairs = ((sign, converter.convert(sign)) for sign in signs)
    return {sign: plain for sign, plain in pairs if plain != sign and len(plain) == 1}
