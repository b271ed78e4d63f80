"""What a search looks for, as it stands in a configuration."""

import pytest

from hypnos.errors import UserError
from hypnos.experiment.objective import Objective, name_direction, read_objective


def test_held_out_text_and_tasks_are_told_apart():
    assert read_objective("anesthesia.bits_per_char") == Objective(measured_on="anesthesia", measure="bits_per_char")
    assert read_objective("anesthesia.bits_per_char").held_out and not read_objective("anecq.accuracy").held_out


@pytest.mark.parametrize("text", ["accuracy", ".accuracy", "anecq.", ""])
def test_another_form_is_refused_with_an_example(text):
    with pytest.raises(UserError, match=r"such as anecq\.accuracy"):
        read_objective(text)


def test_a_sweeper_is_told_the_direction_and_a_wrong_objective_waits_for_its_own_error():
    assert name_direction("anesthesia.bits_per_char") == "minimize"
    assert name_direction("aneqa.dose_tenfold") == "minimize"
    assert name_direction("anecq.accuracy") == "maximize"
    assert name_direction("accuracy") == "minimize"
