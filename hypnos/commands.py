"""What train.py, filter.py and evaluate.py share: a composed configuration becomes a job, and a mistake one line.

The only module that may import Hydra and OmegaConf; it is read at each `--help`, so everything heavy is imported late.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write

from hypnos.errors import one_line
from hypnos.experiment.arm_names import name_arm, name_job
from hypnos.experiment.failures import kept_failure
from hypnos.experiment.objective import name_direction
from hypnos.override_words import quote_text, quote_word, unquote

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HYPNOS_ROOT", str(ROOT))


def _search_setting(name: str) -> Any:
    """What the sweeper of this sweep has under a name; None where it has none of it."""
    return HydraConfig.get().sweeper.get(name)


OmegaConf.register_new_resolver("search", _search_setting, replace=True)
OmegaConf.register_new_resolver("arm", name_arm, replace=True)
OmegaConf.register_new_resolver("job", name_job, replace=True)
OmegaConf.register_new_resolver("direction", name_direction, replace=True)

Forms = tuple[tuple[str, str], ...]

_LOCAL_MODELS: Forms = (
    (r"entry@(.+)", r"answerer@\1"),
    (r"entries\.folder\.((?:cache_gib|rows|dtype|device)=.*)", r"inference.\1"),
    (r"task/prompt@(.+)", r"tasks/prompt@\1"),
)
_SETTING_OF_A_JUDGE = r"judges\.\w+\.((?:modes|pairwise|against|limit|attempts|max_chars|mask)=.*)"

OLD_FORMS: dict[str, Forms] = {
    "train.py": ((r"sweep=none", ""), *_LOCAL_MODELS),
    "filter.py": (
        (r"source([.=].*)", r"input\1"),
        (r"publish=wandb", "publish=funnel"),
        (r"publish=none", ""),
    ),
    "evaluate.py": (
        (r"judge@judges\.\w+=none", ""),
        (r"judge@(judges\.\w+)=own", r"llm@\1=openai_compatible"),
        (r"judge@(judges\.\w+=(?!default$).+)", r"llm@\1"),
        (r"(judges\.\w+)\.model(\.[^=]+(?:=.*)?)", r"\1\2"),
        (_SETTING_OF_A_JUDGE, r"judging.\1"),
        (r"raters=none", ""),
        (r"share=wandb", "publish=report"),
        (r"share=none", ""),
        (r"share(\..*)", r"publish\1"),
        *_LOCAL_MODELS,
    ),
}
"""By script: patterns of overrides as they were written once, and how they are now; what is empty is left out."""

MISTAKEN: dict[str, Forms] = {
    "train.py": (),
    "filter.py": (
        (r"publish=report", "publish=funnel"),
        (r"step\.generate\.both=[Tt]rue", "preferences=second_answers"),
    ),
    "evaluate.py": (
        (r"publish=funnel", "publish=report"),
        (r"judge@(judges\.\w+)=default", r"llm@\1=<a file of conf/llm>"),
        (r"llm@(judges\.\w+)\.model=(.+)", r"llm@\1=\2"),
        (_SETTING_OF_A_JUDGE, r"judging.\1, of all judges"),
    ),
}
"""By script: overrides that no other means exactly, or that another script knows, and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of a command.

    Attributes:
        config: composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`; further arguments are handed to it.
        output: folder of the run.
        sweeping: whether it is a job of a multirun.
    """

    config: dict[str, Any]
    build: Callable[..., Any]
    output: Path
    sweeping: bool


@contextmanager
def start(cfg: DictConfig, *, arm_of: str | None = None) -> Iterator[Job]:
    """Resolve a configuration; end the command with one line where the block fails for a reason the user can mend.

    Args:
        cfg: as Hydra composed it.
        arm_of: the script of which a job of a multirun is an arm: its failure is kept in its folder, and further
            ranks join it.
    """
    hydra_config = HydraConfig.get()
    output = Path(hydra_config.runtime.output_dir)
    sweeping = hydra_config.mode == RunMode.MULTIRUN
    if arm_of and sweeping:
        _let_ranks_join(arm_of, hydra_config, output)
    with one_line(reraise=sweeping), kept_failure(output) if arm_of and sweeping else nullcontext():
        from hydra.utils import instantiate

        from hypnos.code_version import note_code
        from hypnos.llm.redaction import scrub_refused_config

        with scrub_refused_config(output):
            config = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
            build = partial(instantiate, _convert_="all")
            note_code(output / str(hydra_config.output_subdir))
            yield Job(config=cast(dict[str, Any], config), build=build, output=output, sweeping=sweeping)


def _let_ranks_join(script: str, hydra_config: Any, output: Path) -> None:
    """Have Lightning start further ranks as ranks of this arm, in its folder.

    Lightning repeats this process's arguments; a launcher's worker is not started as the script, and Lightning would
    start what the worker is.
    """
    sys.argv[:] = [script, *hydra_config.overrides.task, "hydra.mode=RUN"]
    sys.modules["__main__"].__spec__ = None
    with read_write(hydra_config):
        hydra_config.run.dir = str(output)


def planned_arms(sweep: Path) -> list[list[str]]:
    """What the newest start of a sweep meant to run, as Hydra itself takes it apart; a search plans nothing."""
    file = sweep / "multirun.yaml"
    asked = OmegaConf.load(file).hydra if file.is_file() else None
    if asked is None or not asked.sweeper["_target_"].endswith(".BasicSweeper"):
        return []
    words = [*(f"{key}={values}" for key, values in (asked.sweeper.params or {}).items()), *asked.overrides.task]
    return split_multirun(words)


def split_multirun(words: Sequence[str]) -> list[list[str]]:
    """The overrides of each job of `-m` with these words, as Hydra itself writes them down."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser

    batches = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(list(words)), max_batch_size=None)
    return [overrides for batch in batches for overrides in batch]


def let_workers_import() -> None:
    """Let a cluster's workers, which start elsewhere, find this folder's packages."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def renew(script: str, words: Sequence[str]) -> list[str]:
    """Take a command line as it was written once, and say on standard error how it is written now.

    Args:
        script: `train.py`, `filter.py` or `evaluate.py`.
        words: its arguments.

    Raises:
        SystemExit: with one line and status 2, where a word has no exact counterpart, or holds a key: Hydra would
            write it to the run's folder.
    """
    _refuse_keys(script, [word for word in words if "=" in word])
    judges = {found[1] for word in words if (found := re.match(r"\+*(?:judge|llm)@(judges\.\w+)=(?!none|null)", word))}
    old_forms = [form for form in OLD_FORMS[script] if form[0] != _SETTING_OF_A_JUDGE or len(judges) < 2]
    renewed = []
    for word in words:
        sign, override = re.fullmatch(r"([+~]*)(.*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
        now = _rewrite(override, old_forms)
        if now is None:
            renewed.append(word)
            if (instead := _rewrite(override, MISTAKEN[script])) is not None:
                print(f"error: {script}: no {word}; now: {instead}", file=sys.stderr)
                sys.exit(2)
        elif now:
            renewed.append(f"{sign}{now}")
            print(f"note: {word} is written {renewed[-1]} now", file=sys.stderr)
        else:
            print(f"note: {word} is left out: so it is without it", file=sys.stderr)
    return renewed


def _refuse_keys(script: str, overrides: Sequence[str]) -> None:
    if not overrides:  # help is shown without any import
        return
    from hypnos.llm.typed_keys import typed_key

    if (typed := typed_key(overrides)) is not None:
        key, how = typed
        hint = "export it, and name its variable: key_variable=DEEPSEEK_API_KEY"
        print(f"error: {script}: {key} {how}, which would be written to the run's folder: {hint}", file=sys.stderr)
        sys.exit(2)


def _rewrite(override: str, forms: Iterable[tuple[str, str]]) -> str | None:
    """The first form that fits, filled; None where none does."""
    for pattern, now in forms:
        if found := re.fullmatch(pattern, override, re.DOTALL):
            return found.expand(now)
    return None


def direct_search(words: Sequence[str]) -> list[str]:
    """Tell Optuna's sweeper the objective's direction; no other sweeper knows the key: it can stand in no file."""
    search = "hydra/sweeper=optuna"
    if search not in words or any(word.startswith("hydra.sweeper.direction=") for word in words):
        return list(words)
    at = words.index(search)
    return [*words[:at], "hydra.sweeper.direction='${direction:${objective}}'", *words[at:]]


def name_files(words: Sequence[str]) -> list[str]:
    """Read the file, the folder or the set of the hub that `input=` names where that is no file of conf/input."""

    def expand(word: str) -> list[str]:
        name, _, value = word.partition("=")
        path = unquote(value)
        if name != "input" or (path.isascii() and not any(sign in path for sign in "./:")):
            return [word]
        return ["input=files", f"input.path={quote_text(path)}"]

    return [part for word in words for part in expand(word)]


def name_sweep(words: Sequence[str]) -> list[str]:
    """conf/sweep is a group of train.py's; for evaluate.py the word names what is read, and no file of that group."""
    return [f"compare.{word}" if word.startswith("sweep=") else word for word in words]


def quote(script: str, words: Sequence[str]) -> list[str]:
    """Put what Hydra's grammar would not take in quotes: a user need not know it to name a file.

    Args:
        script: `train.py`, `filter.py` or `evaluate.py`.
        words: its arguments.

    Raises:
        SystemExit: with one line and status 2, where a word cannot be read in quotes either.
    """
    if not any("=" in word or not word.isascii() for word in words):
        return list(words)
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser = OverridesParser.create()

    def fault(word: str) -> str:
        try:
            parser.parse_override(word)
        except HydraException as error:
            return str(error).splitlines()[0]
        return ""

    sweeping = any(re.match(r"(-m|--multirun)$|sweep=|hydra\.mode=MULTIRUN", word) for word in words)
    quoted = []
    for at, word in enumerate(words):
        if word.startswith("-") or (at and words[at - 1].startswith("-") and "=" not in word):
            quoted.append(word)
            continue
        quoted.append(quote_word(word, lambda text: not fault(text), sweeping=sweeping))
        if reason := fault(quoted[-1]):
            hint = "write key=value, keys in plain letters, text of other signs in quotes twice: key=\"'...'\""
            print(f"error: {script}: cannot read {word}: {reason} ({hint})", file=sys.stderr)
            sys.exit(2)
    return quoted
