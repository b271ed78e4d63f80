"""Writes a sheet as a table: CSV with a byte order mark, which WPS and Excel open as Chinese."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.specialty.grading import NOTHING, direction

SHEET, ANSWER, NOTE = "评分表编号", "答案编号", "备注"
UNABLE = "无法判断"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(file: Path, sheet: Mapping[str, Any]) -> None:
    """Write a rater's table: a line for each answer, an empty cell for each number.

    Each title says how its column is filled in. A cell that a spreadsheet would take for a formula starts
    with an apostrophe. Cells of indicators that are not asked on a kind of question hold a dash.

    Args:
        file: the table, `.csv`.
        sheet: what it shows; see `make_sheets`.
    """
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["编号", SHEET, "部分", "题型", "材料", "题目", "参考答案", ANSWER, "答案", *columns(sheet), NOTE]
        )
        for number, question in enumerate(sheet["questions"], 1):
            for answer in question["answers"]:
                cells = [
                    number,
                    sheet["sheet"],
                    "校准" if question["part"] == "calibration" else "正式",
                    "阅读理解" if question["kind"] == "reading" else "问答",
                    question["passage"],
                    question["question"],
                    "\n".join(question["references"]),
                    answer["id"],
                    answer["text"] or NOTHING,
                ]
                to_fill = ["" if question["kind"] in scale["kinds"] else "—" for scale in sheet["indicators"]]
                writer.writerow([_harmless(cell) for cell in cells] + to_fill + [""] * (len(sheet["severe"]) + 1))


def columns(sheet: Mapping[str, Any]) -> list[str]:
    """Titles of the cells to fill: indicators with scale, direction and anchors, then the severe errors."""
    low, high = sheet["low"], sheet["high"]
    return [
        *(
            f"{scale['name']}（{low}–{high}，{direction(scale['lower_is_better'])}；"
            f"{low}={scale['low']}；{high}={scale['high']}；不能判断填“{UNABLE}”）"
            for scale in sheet["indicators"]
        ),
        *(f"{severe_title(error['name'])}（有则填1；{error['holds']}）" for error in sheet["severe"]),
    ]


def name_of(title: str) -> str:
    """The name that stands before the explanation in a title; spreadsheets may have made its brackets half as wide."""
    return title.replace("(", "（").partition("（")[0].strip()


def severe_title(name: str) -> str:
    """The short title of the column of a severe error."""
    return f"严重错误：{name}"


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def titles(
    header: Sequence[str], indicators: Sequence[Mapping[str, Any]], severe: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Where the column of each key stands; keys of severe errors are led by `severe:`."""
    at = {name_of(title).replace(":", "："): index for index, title in enumerate(header)}
    named = {indicator["key"]: indicator["name"] for indicator in indicators}
    named |= {f"severe:{error['key']}": severe_title(error["name"]) for error in severe}
    named |= {"sheet": SHEET, "answer": ANSWER, "note": NOTE}
    return {key: at[name] for key, name in named.items() if name in at}
