from hypnos.benchmark.metrics.answers import Shape


def test_the_form_of_answers(tmp_path) -> None:
    found = Shape(folder=tmp_path).measure(predictions=["丙泊酚 2 mg/kg", " \n"], finished=[True, False]).items
    assert found["length"].tolist() == [9.0, 0.0]
    assert found["empty"].tolist() == [0.0, 1.0]
    assert found["unfinished"].tolist() == [0.0, 1.0]
