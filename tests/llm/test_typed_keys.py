"""Keys are found by shape and by name, and what only looks a little like one is left alone."""

import pytest

from hypnos.llm.typed_keys import holds_key, key_within, typed_key

OPENAI = "sk-proj-a1B2c3D4e5F6g7H8i9J0"
ZHIPU = "0123456789abcdef0123456789abcdef.AbCdEfGh12345678"


@pytest.mark.parametrize(
    "word",
    [
        "+api_key=whatever",
        "+authors.first.api_key=whatever",
        "authors.first.parameters.extra_body={api_key: whatever}",
        "++authors.first.parameters.extra_headers={Authorization: 'Bearer abcdefghijkl'}",
        "+authors.first.parameters.extra_headers={x-api-key: abcdefgh}",
        "authors.first.address=https://host/v1?api-key=abc&version=2",
        "authors.first.address=https://host/v1?key=abcdef",
        "authors.first.address=https://host/v1?version=2&access_token=abc",
        "input=https://host/pairs.jsonl?X-Amz-Signature=abcdefgh&X-Amz-Expires=60",
        "sources.general.path=https://host/pairs.jsonl?sv=2024&sig=abcdefgh",
        f"authors.first.key_variable={OPENAI}",
        f"authors.first.model={ZHIPU}",
        f"wandb.project=AIza{'a1' * 18}",
        OPENAI,
        "+wandb.WANDB_API_KEY=abc",
        "+aws_secret_access_key=abc",
        "+hf_token=abc",
    ],
)
def test_a_key_on_the_command_line_is_found_and_not_repeated(word):
    found = typed_key(["input=files", word])
    assert found is not None
    for secret in ("whatever", OPENAI, ZHIPU, "abcdefgh"):
        assert secret not in " ".join(found)


@pytest.mark.parametrize(
    "word",
    [
        "llm@authors.first=deepseek",
        "authors.first.key_variable=DEEPSEEK_API_KEY",
        "+authors.first.api_key=null",
        "+authors.first.api_key=${oc.env:KEY}",
        "authors.first.parameters.max_tokens=2048",
        "budget.tokens=1000000",
        "stages.general.tuning.learnt_tokens=true",
        "authors.first.tokens_per_minute=90000",
        "input=/data/麻醉.jsonl",
        "input.path=hub:owner/name@0123456789abcdef0123456789abcdef01234567#train",
        "models=[/models/hf_transformers_llama]",
        "model.path=/data/hf_llama2_7b_chat_medical",
        "model.path=/models/Llama-2-7b-hf-anesthesia-v2-merged",
        "models=[/data/rk-2024-medical-base-model]",
        "sources.anesthesia.path=/data/sk-learn-set/pairs.jsonl",
        "input=https://host/pairs.jsonl?versionId=3&download=true",
        "input=s3://bucket/set/signature=no/part-1.jsonl",
        "vocabulary.size=6000",
        "selection.author=gpt-3.5-turbo-0613",
        "authors.first.model=openai/qwen2.5-7b-instruct",
        "authors.first.address=http://localhost:8000/v1?version=2024-02-01",
        "-m",
    ],
)
def test_what_is_no_key_passes(word):
    assert typed_key([word]) is None


def test_the_value_of_a_secret_variable_is_a_key_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("ODD_TOKEN", "zq marker 5f0a9c71e2")
    assert holds_key("wandb.group=zq marker 5f0a9c71e2") == "holds the value of a secret environment variable"


def test_nested_settings_are_looked_through():
    body = {"extra_body": {"auth": [{"user": "a"}, {"app_key": "abc"}]}, "temperature": 0.7, "stop": ["问："]}
    assert key_within(body, "parameters") == ("parameters.extra_body.auth.1.app_key", "gives app_key a value")
    assert key_within({"extra_body": {"enable_thinking": False}, "max_tokens": 5}, "parameters") is None
