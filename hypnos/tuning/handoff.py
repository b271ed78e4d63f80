"""Checks that what one stage gives the next fits together; if it does not, one line names both values."""

import logging
from collections.abc import Collection
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import STAGE, read_json, tokenizer_files
from hypnos.artefacts.store import SHORT
from hypnos.errors import UserError
from hypnos.tuning.export import read_stage, weight_keys

log = logging.getLogger(__name__)

ADAPTER_CONFIG = "adapter_config.json"

REMEDY = "remove the folder, and it is made anew"

PROBE = 64
"""Tokens of the text on which two forms of one model are compared."""

TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-5, torch.bfloat16: 3e-2, torch.float16: 5e-3}
"""Relative difference of logits between two forms of one model that rounding makes in models of few layers."""

FAR = 0.25
"""The same of all logits together that is no rounding any more, whatever the depth."""

LOST = 0.05
"""The share of an adapter's change that may be missing after merging, beyond the tolerance.

By rounding alone it was 0.04 at most of 37 adapters of SmolLM2 (30 layers in bfloat16), and 0.12 of another one; the
nearest used 0.6 of what is allowed.
"""


def check_parent(directory: Path, *, key: str, tokenizer: Path) -> None:
    """Check that the model a stage starts from is whole, is the one the run means, and has the run's tokenizer.

    Args:
        directory: of the model.
        key: of the model, as the run's settings and files make it.
        tokenizer: directory of the run's tokenizer.

    Raises:
        UserError: one line with both values that disagree.
    """
    check_directory(directory)
    file = directory / STAGE
    if not file.is_file():
        raise UserError(f"{directory}: no {STAGE}; {REMEDY}")
    record = read_stage(directory)
    if record.get("key") != key:
        raise UserError(f"{file}: key {str(record.get('key'))[:SHORT]}, but the run starts from {key[:SHORT]}")
    written, present = record.get("weights", {}), weight_keys(directory)
    for name in sorted(written.keys() | present.keys()):
        was, now = (keys.get(name, "absent")[:SHORT] for keys in (written, present))
        if was != now:
            raise UserError(f"{directory / name}: changed since it was written: {was} then, {now} now; {REMEDY}")
    was, now = record.get("config"), file_key(directory / "config.json")
    if was not in (None, now):  # earlier versions did not write it down
        file = directory / "config.json"
        raise UserError(f"{file}: changed since it was written: {was[:SHORT]} then, {now[:SHORT]} now; {REMEDY}")
    _check_tokenizer(directory, tokenizer)


def _check_tokenizer(directory: Path, tokenizer: Path) -> None:
    """Compare a model's tokenizer with the run's: in words where that is short, byte by byte in the end."""
    theirs, ours = _open_tokenizer(directory), _open_tokenizer(tokenizer)
    if len(theirs) != len(ours):
        raise UserError(f"{directory}: the tokenizer has {len(theirs)} pieces, the run's {len(ours)}")
    for name, token in ours.special_tokens_map.items():
        if theirs.special_tokens_map.get(name) != token:
            other = theirs.special_tokens_map.get(name)
            raise UserError(f"{directory}: {name} is {other!r} in its tokenizer, {token!r} in the run's")
    if theirs.chat_template != ours.chat_template:
        its, own = (content_key({"template": text.chat_template})[:SHORT] for text in (theirs, ours))
        raise UserError(f"{directory}: its chat template is {its}, the run's {own}")
    names = sorted({file.name for folder in (directory, tokenizer) for file in tokenizer_files(folder)})
    for name in names:
        its, own = (file_key(f / name)[:SHORT] if (f / name).is_file() else "absent" for f in (directory, tokenizer))
        if its != own:
            raise UserError(f"{directory / name}: {its}, but the run's is {own}")


def _open_tokenizer(directory: Path) -> PreTrainedTokenizerFast:
    try:
        return PreTrainedTokenizerFast.from_pretrained(directory)
    except Exception as error:  # of several libraries, without a common type
        raise UserError(f"{directory}: its tokenizer cannot be read ({str(error).splitlines()[0]})") from error


def check_directory(directory: Path) -> None:
    """Compare a Hugging Face directory's tokenizer, config, weights and adapter without loading the weights.

    A vocabulary padded to a multiple may have more rows than the tokenizer has pieces, never fewer.

    Raises:
        UserError: they disagree, or a file is missing.
    """
    config_file = directory / "config.json"
    if (directory / ADAPTER_CONFIG).is_file() and not config_file.is_file():
        base = read_json(directory / ADAPTER_CONFIG).get("base_model_name_or_path")
        raise UserError(f"{directory}: an adapter without its base ({base}); a stage starts from a merged model")
    if not config_file.is_file():
        raise UserError(f"{directory}: no config.json; not a whole model directory")
    config = read_json(config_file)
    tokenizer = _open_tokenizer(directory)
    pieces, rows = len(tokenizer), int(config.get("vocab_size", 0))
    if pieces > rows:
        raise UserError(f"{directory}: the tokenizer has {pieces} pieces, the config says {rows} rows")
    names = _names_of_tables(directory)
    tables = _table_rows(directory, names)
    if not tables:
        raise UserError(f"{directory}: no weights (*.safetensors) with embeddings")
    if config.get("tie_word_embeddings") and (head := [name for name in tables if name.endswith(names[1:])]):
        raise UserError(f"{directory}: {head[0]} stands beside the embeddings, the config says that they are one table")
    adapter = directory / "adapter"
    if adapter.is_dir():
        for name in (ADAPTER_CONFIG, "adapter_model.safetensors"):
            if not (adapter / name).is_file():
                raise UserError(f"{adapter}: no {name}; not a whole adapter")
        tables |= {f"adapter's {name}": count for name, count in _table_rows(adapter, names).items()}
    for name, count in tables.items():
        if count != rows:
            raise UserError(f"{directory}: {name} has {count} rows, the config says {rows}")
    if not tokenizer.chat_template:
        raise UserError(f"{directory}: the tokenizer has no chat template")
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        ours, theirs = config.get(name), getattr(tokenizer, name)
        if ours != theirs:
            raise UserError(f"{directory}: {name} is {ours} in the config and {theirs} in the tokenizer")


def _names_of_tables(directory: Path) -> tuple[str, ...]:
    """What the weights of embeddings and of the head are called, by the last two parts of their names."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(directory))
    names = {module: name.rpartition(".")[2] for name, module in model.named_modules()}
    return tuple(f"{names[table]}.weight" for table in (model.get_input_embeddings(), model.get_output_embeddings()))


def _table_rows(directory: Path, names: tuple[str, ...]) -> dict[str, int]:
    rows = {}
    for file in sorted(directory.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt") as weights:
                for name in weights.keys():  # noqa: SIM118 - no dict, though it looks like one
                    if name.endswith(names):
                        rows[name] = int(weights.get_slice(name).get_shape()[0])
        except SafetensorError as error:
            raise UserError(f"{file}: cannot be read ({str(error).splitlines()[0]})") from error
    return rows


@torch.inference_mode()
def probe_logits(model: PreTrainedModel, rows: int) -> Tensor:
    """Logits of a model on a fixed row of tokens spread over its vocabulary: `(1, PROBE, rows)`."""
    training = model.training
    model.eval()
    ids = torch.linspace(0, rows - 1, PROBE, device=model.device).long()[None]
    # Adapters are kept in float32 beside a base in half precision; training meets that under autocast too.
    half = next((p.dtype for p in model.parameters() if p.dtype in (torch.bfloat16, torch.float16)), None)
    with torch.autocast(model.device.type, dtype=half, enabled=half is not None):
        logits = model(input_ids=ids, use_cache=False).logits.float().cpu()
    model.train(training)
    return logits


def check_same(before: Tensor, after: Tensor, *, what: str, dtypes: Collection[torch.dtype]) -> None:
    """Compare two forms of one model by the largest difference of their logits, relative to the largest logit.

    Args:
        before: `(1, PROBE, rows)`.
        after: as `before`.
        what: was done between them.
        dtypes: of the weights; the coarsest decides.

    Raises:
        UserError: the difference is above the tolerance.
    """
    tolerance = max(TOLERANCE[dtype] for dtype in dtypes)
    difference = (before - after).abs().max().item() / max(before.abs().max().item(), 1.0)
    if not difference <= tolerance:
        raise UserError(f"{what}: logits differ by {difference:.2e}, more than {tolerance:.1e}")


def check_merged(base: Tensor, adapted: Tensor, merged: Tensor, *, dtypes: Collection[torch.dtype]) -> None:
    """Check that what an adapter changes is in the merged model.

    In half precision merging rounds every weight anew, which shows the more the deeper a model is, at single positions
    most. So it is all logits together that count there, and the difference along the adapter's change more than the
    rest: rounding points elsewhere. No trained model shall be lost to rounding: beyond the tolerance the rest brings a
    warning, and an error from `FAR` on.

    Args:
        base: logits without the adapter: `(1, PROBE, rows)`.
        adapted: with it.
        merged: of the merged model.
        dtypes: of the weights; the coarsest decides.

    Raises:
        UserError: the merged model is another one than the adapted.
    """
    what, tolerance = "merging the adapter", max(TOLERANCE[dtype] for dtype in dtypes)
    if tolerance <= TOLERANCE[torch.float32]:
        check_same(adapted, merged, what=what, dtypes=dtypes)
        return
    size = max(_root_mean_square(adapted), 1.0)
    change, missing = adapted - base, adapted - merged
    effect, difference = (_root_mean_square(values) / size for values in (change, missing))
    along = float((missing * change).mean()) / max(effect * size * size, 1e-9)
    if abs(along) > tolerance + LOST * effect:
        raise UserError(f"{what}: it changes logits by {effect:.2e}; {along:.2e} of that is not in the merged model")
    limit = FAR * max(effect, 1.0)
    if not difference <= limit:
        raise UserError(f"{what}: logits differ by {difference:.2e}, more than {limit:.1e}")
    if difference > tolerance:
        log.warning("%s: logits differ by %.2e, expected %.0e", what, difference, tolerance)


def _root_mean_square(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def reload_logits(directory: Path, dtype: torch.dtype, rows: int) -> Tensor:
    """The probe's logits of a directory as anyone would load it."""
    return probe_logits(AutoModelForCausalLM.from_pretrained(directory, dtype=dtype), rows)
