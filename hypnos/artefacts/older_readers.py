"""Adds to a Hugging Face directory what transformers 4 and the servers built on it read under other names.

transformers 5 writes the settings of positions as `rope_parameters` and calls every tokenizer `TokenizersBackend`; 4.57
knows neither, and takes theta for 10,000 and no scaling without a word. Both read what is written here alike.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import read_json
from hypnos.artefacts.tokenizer_file import read_tokenizer_file

log = logging.getLogger(__name__)

AS_WRITTEN = "PreTrainedTokenizerFast"
"""The class under which every version reads tokenizer.json as it is written."""

PROBES = (
    "患者 65 岁，体重 1234.5 kg；罗库溴铵 0.6mg/kg（静脉）。",
    "The patient's dose wasn't 12345 μg/kg/min;  two  blanks\n\n\tand a tab.",
    "🙂 ①②③ ＡＢＣ かな 한글 <s> </s> <|im_end|> ",
)
"""Texts in which rules that cut differ: numbers, contractions, blanks, lines, signs of other scripts."""

MACHINE = ("backend", "is_local", "local_files_only")
"""Settings of a tokenizer that say how it was read here."""


def name_positions(directory: Path) -> None:
    """Write the settings of positions into config.json under the older names too."""
    file = directory / "config.json"
    config = read_json(file)
    file.write_text(json.dumps({**config, **older_positions(config)}, indent=2, sort_keys=True) + "\n", "utf-8")


def older_positions(config: Mapping[str, Any]) -> dict[str, Any]:
    """`rope_theta`, `rope_scaling` and what else transformers 4 reads; nothing for a model without rotary positions."""
    rope = config.get("rope_parameters")
    if not isinstance(rope, Mapping) or not rope:
        return {}
    if "rope_theta" in rope:
        return _older(rope)
    # Layers of two kinds, as Gemma 3 has them: those that see the whole text, and those with a window.
    whole, window = rope.get("full_attention"), rope.get("sliding_attention")
    if not isinstance(whole, Mapping) or "rope_theta" not in whole:
        return {}
    local = {"rope_local_base_freq": window["rope_theta"]} if isinstance(window, Mapping) else {}
    return _older(whole) | local


def _older(rope: Mapping[str, Any]) -> dict[str, Any]:
    scaling = {name: value for name, value in rope.items() if name not in ("rope_theta", "partial_rotary_factor")}
    named: dict[str, Any] = {
        "rope_theta": rope["rope_theta"],
        "rope_scaling": None if rope.get("rope_type", "default") == "default" else scaling,
    }
    if "partial_rotary_factor" in rope:
        named["partial_rotary_factor"] = rope["partial_rotary_factor"]
    return named


def name_tokenizer(directory: Path) -> None:
    """Let tokenizer_config.json name a class that every version has, and that reads tokenizer.json as it is written."""
    file = directory / "tokenizer_config.json"
    settings = {name: value for name, value in read_json(file).items() if name not in MACHINE}
    special = settings.pop("extra_special_tokens", None)
    if isinstance(special, list):  # transformers 4 takes a mapping under this name, and a list under the older one
        settings["additional_special_tokens"] = special
    elif special is not None:
        settings["extra_special_tokens"] = special
    settings["tokenizer_class"] = AS_WRITTEN
    file.write_text(json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n", "utf-8")


def reads_as_written(directory: Path) -> bool:
    """Whether `AutoTokenizer` gives the ids of tokenizer.json; some types of models insist on a class of their own."""
    from transformers import AutoTokenizer

    written = read_tokenizer_file(directory)
    try:
        chosen = AutoTokenizer.from_pretrained(directory)
    except Exception as error:  # its classes raise whatever they meet
        log.warning("%s: AutoTokenizer cannot read it (%s)", directory, str(error).splitlines()[0])
        return False
    return all(chosen(text)["input_ids"] == written(text)["input_ids"] for text in PROBES)
