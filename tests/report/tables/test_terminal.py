from hypnos.report.tables.terminal import text_table


def test_numbers_stand_to_the_right_as_they_are_written_and_heads_break_at_colons():
    lines = text_table(["model", "general: loss"], [["base", "9.100"], ["a longer name", "10.20"]]).splitlines()
    assert [line.split() for line in lines[:2]] == [["model", "general"], ["loss"]]
    assert lines[-2].startswith("base ") and lines[-2].endswith(" 9.100")
    assert len(lines[-1]) == len(lines[-2]) and lines[-1].endswith(" 10.20")
