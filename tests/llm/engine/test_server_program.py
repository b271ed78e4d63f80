import pytest

from hypnos.errors import UserError
from hypnos.llm.engine.server_program import flag_name, flag_words, refuse_options


def test_flags_become_words_and_what_is_not_set_is_left_out():
    flags = {"dtype": "float32", "max_model_len": 4096, "jinja": True, "template": None, "--eager": False, "seed": 0}
    assert flag_words(flags) == ["--dtype", "float32", "--max-model-len", "4096", "--jinja", "--seed", "0"]


@pytest.mark.parametrize("option", ["max_model_len", "max-model-len", "--max-model-len"])
def test_a_flag_that_is_set_elsewhere_is_refused_however_it_is_spelt(option):
    assert flag_name(option) == "max-model-len"
    with pytest.raises(UserError, match=rf"^engine\.options\.{option}: is set by engine\.max_length$"):
        refuse_options(["seed", option], {"max-model-len": "engine.max_length"})
    refuse_options(["seed"], {"max-model-len": "engine.max_length"})
