"""How old prices are, and which models are gone."""

from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

from hypnos.llm.providers import price_dates
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.providers.price_dates import LIST_OF, list_date, warn_of_old_price, warn_of_withdrawn

LOCK = Path(__file__).parents[3] / "requirements.lock"


def test_the_date_of_the_list_is_that_of_the_locked_version():
    assert f"litellm=={LIST_OF[0]}\n" in LOCK.read_text("utf-8")  # who raises it looks up the new one's day
    if version("litellm") == LIST_OF[0]:
        assert list_date() == LIST_OF[1]


def test_the_list_of_another_version_is_as_old_as_its_installation_at_least(monkeypatch):
    monkeypatch.setattr(price_dates, "LIST_OF", ("0.0", date(2000, 1, 1)))
    assert date(2026, 1, 1) < list_date() <= date.today()


@pytest.mark.parametrize(
    ("stated", "today", "words"),
    [
        ("2026-01-01", date(2026, 7, 3), None),
        ("2026-01-01", date(2026, 7, 4), "x: the stated prices are of 2026-01-01, over half a year old"),
        (None, date(2026, 12, 1), None),
        (None, date(2027, 6, 1), "x: litellm's list of prices is of 2026-10-21, over half a year old"),
    ],
)
def test_half_a_year_is_old(monkeypatch, caplog, stated, today, words):
    monkeypatch.setattr(price_dates, "list_date", lambda: date(2026, 10, 21))
    warn_of_old_price("x", stated, today=today)
    assert words in caplog.text if words else not caplog.records


def test_a_model_is_withdrawn_on_its_day(caplog):
    entry = {"deprecation_date": "2026-10-23"}
    warn_of_withdrawn("x", "m", entry, today=date(2026, 10, 22))
    warn_of_withdrawn("x", "m", {}, today=date(2026, 10, 23))
    assert not caplog.records
    warn_of_withdrawn("x", "m", entry, today=date(2026, 10, 23))
    assert "x: m was withdrawn on 2026-10-23" in caplog.text


def test_a_model_warns_once_of_its_price_and_itself(caplog):
    old = LitellmChat(name="x", model="gpt-4-0613", prices={"input": 1, "output": 2, "date": "2020-02-02"})
    for _ in range(2):
        old.price(), old.batch_price()
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "llm x: gpt-4-0613 was withdrawn on 2026-10-23",
        "llm x: the stated prices are of 2020-02-02",
    ]
    caplog.clear()
    LitellmChat(name="x", model="m", prices={"input": 1, "output": 2}).price()
    assert not caplog.records  # who states no day is not asked for one
