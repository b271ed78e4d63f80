"""Fixed delimiters round text that is material for a model and must not steer it."""

import hashlib
import re
from collections.abc import Mapping

_TAG = re.compile(r"<(?=[|/<!?\w])|(?<=<)<|\[(?=/?INST\])")
_FENCE = re.compile(r"#{3,}|<{3,}|={3,}")


def fence_of(texts: Mapping[str, str]) -> tuple[str, str]:
    """A delimiter and a code for a record, from a hash of its own text.

    No text can hold its own: whoever writes it into the text changes the hash. The same record gets the same
    ones in every run, so that its reply is found again in the journal.
    """
    content = "\0".join(f"{name}\0{text}" for name, text in sorted(texts.items()))
    digest = hashlib.sha256(b"fence\0" + content.encode("utf-8", "surrogatepass")).hexdigest()
    return f"### {digest[:16]} ###", digest[16:24]


def escape(text: str) -> str:
    """Break what could be read as a delimiter, a tag or a turn of a chat template; other signs stay.

    A blank behind the sign is enough, and a reader still sees what was written.
    """
    text = _FENCE.sub(lambda found: " ".join(found[0]), text)
    return _TAG.sub(lambda found: f"{found[0]} ", text)
