"""Runs llama.cpp's converter: `python converter.py <llama.cpp> <rules or -> <the converter's arguments ...>`.

A script beside llama.cpp's own: it changes nothing there but how an unknown byte-level tokenizer is recognised.
"""

import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def main(checkout: Path, rules: str, arguments: list[str]) -> None:
    """Convert as llama.cpp does; `rules` names how text is cut, `-` leaves it to what is known."""
    script = checkout / "convert_hf_to_gguf.py"
    sys.path.insert(0, str(checkout))
    models = import_module("conversion.base" if (checkout / "conversion").is_dir() else "convert_hf_to_gguf")
    known = models.TextModel.get_vocab_base_pre

    def name(self: Any, tokenizer: Any) -> str:
        from hypnos.tuning.gguf.known_rules import name_rules

        return name_rules(tokenizer, lambda one: str(known(self, one))) if rules == "-" else rules

    models.TextModel.get_vocab_base_pre = name
    sys.argv = [str(script), *arguments]
    if models.__name__ == "convert_hf_to_gguf":
        models.main()
    else:
        runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
