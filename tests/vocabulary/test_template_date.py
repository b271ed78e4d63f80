"""The date of a chat template: the same tokens on every day."""

import jinja2
import pytest

from hypnos.errors import UserError
from hypnos.vocabulary.template_date import fix_date

HEADER = (
    "{% if not date_string is defined %}{% if strftime_now is defined %}"
    "{% set date_string = strftime_now(FORMAT) %}{% endif %}{% endif %}Today Date: {{ date_string }}"
)


@pytest.mark.parametrize(
    ("written", "shown"), [('"%d %b %Y"', "26 Jul 2024"), ("'%Y年%m月%d日'", "2024年07月26日"), ('""', "")]
)
def test_the_date_of_a_template_stands_still(written, shown, caplog):
    fixed = fix_date(HEADER.replace("FORMAT", written))
    clock = {"strftime_now": lambda form: "another day"}
    assert jinja2.Template(fixed).render(**clock) == f"Today Date: {shown}"
    assert "fixed at 2024-07-26" in caplog.text


def test_a_template_without_a_clock_is_left_alone(caplog):
    assert fix_date("{{ date_string }}") == "{{ date_string }}" and not caplog.text


def test_a_date_in_a_form_that_is_not_seen_is_refused():
    with pytest.raises(UserError, match="template: strftime_now writes the day's date"):
        fix_date(HEADER.replace("FORMAT", "format"))
