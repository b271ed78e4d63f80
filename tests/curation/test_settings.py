"""Every wrong setting ends filter.py in one line that names it, before a folder is made."""

import pytest

from hypnos.curation.run import check_configuration, run_filter
from hypnos.errors import UserError

WRONG = [
    ("seed=x", "seed: x: must be a whole number"),
    ("dry_run=1", "dry_run: 1: must be true or false"),
    ("step.generate.records=0", "step.generate.records: 0: must be a whole number, at least 1"),
    ("step.generate.novelty=1.2", "step.generate.novelty: 1.2: must be a number, above 0 and at most 1"),
    ("step.generate.unmet=wait", "step.generate.unmet: wait: must be one of stop, keep"),
    ("step.documents.longest=10", "step.documents.longest: 10: must be a whole number, at least 100"),
    ("step.clean.rules.length.answer=[1]", "step.clean.rules.length.answer: [1]: must be a list of 2"),
    ("step.clean.rules.language.share=3", "step.clean.rules.language.share: 3: must be a number, from 0 to 1"),
    ("step.clean.rules.dose_window.slack=0.5", "step.clean.rules.dose_window.slack: 0.5"),
    ("step.clean.rules.personal.action=hide", "step.clean.rules.personal.action: hide: must be one of mask, reject"),
    ("step.deduplicate.jaccard=0.2", "step.deduplicate.jaccard: 0.2: must be a number, from 0.5 to 1"),
    ("step.decontaminate.stem=0", "step.decontaminate.stem: 0: must be a number, above 0 and at most 1"),
    ("step.cross_score.pairing=mine", "step.cross_score.pairing: mine: must be one of other, self, all"),
    ("step.cross_score.shared=2", "step.cross_score.shared: 2: must be a number, from 0 to 1"),
    ("step.cross_score.attempts=1.5", "step.cross_score.attempts: 1.5: must be a whole number"),
    ("selection.share=0", "selection.share: 0: must be a number, above 0 and at most 1 or null"),
    ("selection.aspects=[]", "selection.aspects: []: must be a list"),
    ("budget.usd=-3", "budget.usd: -3: must be a number, above 0 or null"),
    ("budget.tokens=many", "budget.tokens: many: must be a whole number"),
    ("client.tries=0", "client.tries: 0: must be a whole number, at least 1"),
    ("input=files input.path=null", "input.path: null: must be text"),
    ("llm@authors.first=deepseek authors.first.in_flight=0", "authors.first.in_flight: 0"),
    ("llm@authors.first=deepseek authors.first.timeout=-1", "authors.first.timeout: -1: must be a number, above 0"),
    ("llm@authors.first=deepseek authors.first.parameters.temperature=9", "parameters.temperature: 9"),
    ("llm@authors.first=deepseek authors.first.parameters.max_tokens=0", "parameters.max_tokens: 0"),
    ("+paths.artefact=x", "paths.artefact: no such key"),
    ("+wandb.projct=x", "wandb.projct: no such key"),
    ("steps=clean", "steps: clean: must be a list, each text"),
    ("publish=funnel publish.records=2", "publish.records: 2: must be true or false"),
]


@pytest.mark.parametrize(("overrides", "line"), WRONG)
def test_a_wrong_setting_is_named_before_anything_is_made(changed, tmp_path, monkeypatch, overrides, line):
    monkeypatch.chdir(tmp_path)
    *choices, value = overrides.split(" ") if "{" not in overrides else [overrides]
    values = [value]
    config = changed("filter", values, *choices)

    def build(*_, **__):
        raise AssertionError("nothing may be built")

    with pytest.raises(UserError) as raised:
        run_filter(config, build=build, output=tmp_path / "output")
    assert line in str(raised.value), str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "overrides",
    [
        "input=files input.path=a.jsonl",
        "input=documents input.path=a",
        "llm@authors.first=local authors.first.directory=x",
    ],
)
def test_what_worked_still_works(compose, overrides):
    check_configuration(compose("filter", overrides.split()))
