from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.answers import Shape
from hypnos.benchmark.predictions import Prediction


def test_the_form_of_answers(tmp_path) -> None:
    shape = Shape(folder=tmp_path)
    item = Item(id="a", kind="question", question="?", answers=("x",))
    common = {"item": "a", "prompt": "", "raw": "", "tokens": 9}
    answers = [
        Prediction(**common, answer="丙泊酚 2 mg/kg", finished=True, thought=4, thought_tokens=3),
        Prediction(**common, answer=" \n", finished=False, thought=9, thought_tokens=9, thought_cut=True),
        Prediction(**common, answer="", finished=False, out_of_context=True),
        Prediction(**common, answer="丙泊", finished=False, out_of_context=True),
    ]
    found = shape.measure(**shape.inputs([(item, answer) for answer in answers])).items
    assert found["length"].tolist() == [9.0, 0.0, 0.0, 2.0]
    # What had no room is neither empty nor endless.
    assert found["empty"].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert found["unfinished"].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert found["out_of_context"].tolist() == [0.0, 0.0, 1.0, 1.0]
    assert found["thought"].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert found["thought_tokens"].tolist() == [3.0, 9.0, 0.0, 0.0]
    assert found["thought_cut"].tolist() == [0.0, 1.0, 0.0, 0.0]
