"""Writes the tables of an answer as lines: `| 选项 | 判断 |` over `| B | 正确 |` becomes `B 正确`."""

import re
from collections.abc import Iterator, Sequence

ANSWER = re.compile(
    r"(?:[我你本最终后正确標标准参考推荐]*的?)?(?:答案|选择|作答|正解)|(?:final\s+|correct\s+)?(?:answer|choice)s?",
    re.IGNORECASE,
)
FINAL = re.compile(r"最[终后]|修[正改]|更正|final|revised", re.IGNORECASE)
VERDICT = re.compile(
    r"判断|判定|结论|评价|正误|对错|结果|是否.{0,6}|正确性|正确与否|verdict|judge?ment|(?:正确|对|错)\s*\?|(?:is\s+it\s+)?(?:correct|right)\s*\?|true\s*/\s*false",
    re.IGNORECASE,
)
OPTION = re.compile(r"\(?([A-J])\)?(?:项|选项)?(?:[.、:\s].*)?")
RULE = re.compile(r"[\s:|–—-]*-[\s:|–—-]*")
LETTER = re.compile("[A-J]")
MARK = re.compile(r"正确|错误|不对|有误|[√✓✔✅×✗✘❌]|\b(?:wrong|(?:in)?correct)\b", re.IGNORECASE)
"""What a cell says of the option in its row."""
RIGHT_ONES = re.compile(r"正确(?:的)?(?:选项|答案|项)?|correct", re.IGNORECASE)
WRONG_ONES = re.compile(r"错误(?:的)?(?:选项|答案|项)?|incorrect|wrong", re.IGNORECASE)
MARKED = re.compile(r"[√✓✔✅×✗✘❌是否对错选]|不选|正确|错误|yes|no", re.IGNORECASE)
YES = re.compile(r"(?:是|对|yes|true|y|t|选|correct|right)", re.IGNORECASE)
NO = re.compile(r"(?:否|错|no|false|n|f|不选|wrong|incorrect|not correct)", re.IGNORECASE)


def flatten_tables(text: str) -> str:
    """Replace every Markdown table by lines that say what its rows say."""
    lines: list[str] = []
    table: list[str] = []
    for line in [*text.split("\n"), ""]:
        if "|" in line:
            table.append(line)
            continue
        lines += _sentences(table) if _is_table(table) else table
        table = []
        lines.append(line)
    return "\n".join(lines[:-1])


def _is_table(lines: Sequence[str]) -> bool:
    return any(RULE.fullmatch(line) for line in lines) or all(re.match(r"\s*\|.*\|", line) for line in lines)


def _sentences(table: Sequence[str]) -> Iterator[str]:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table if not RULE.fullmatch(line)]
    if not rows:
        return
    if len(rows) == len(table) or len(rows) == 1:
        yield from map(_pair, rows)
        return
    header, body = rows[0], rows[1:]
    names = header if LETTER.fullmatch(header[0]) else header[1:]
    if header[1:] and ANSWER.fullmatch(header[0]) and OPTION.fullmatch(header[1]):
        yield from map(_pair, rows)
    elif len(names) > 1 and all(map(LETTER.fullmatch, names)) and body:
        verdicts = next((row for row in body if any(map(MARK.search, row))), body[0])[len(header) - len(names) :]
        yield from (f"{letter} {_verdict(cell)}" for letter, cell in zip(names, verdicts, strict=False))
    elif any(map(RIGHT_ONES.fullmatch, header)) and any(map(WRONG_ONES.fullmatch, header)):
        for row in body:
            for name, cell in zip(header, row, strict=False):
                said = "正确的有" if RIGHT_ONES.fullmatch(name) else "错误的有" if WRONG_ONES.fullmatch(name) else ""
                yield said + cell
    else:
        yield from (_row(header, row) for row in body)


def _row(header: Sequence[str], row: Sequence[str]) -> str:
    cells = dict(zip(header, row, strict=False))
    option = next((cell for cell in row if OPTION.fullmatch(cell)), "")
    letter = OPTION.fullmatch(option)
    answers = [name for name in cells if ANSWER.fullmatch(name)]
    if answers:
        cell = cells[next((name for name in answers if FINAL.search(name)), answers[-1])]
        if letter is None or cell == option or OPTION.match(cell) or not (MARKED.fullmatch(cell) or not cell):
            return f"答案: {cell}"
        return f"{letter[1]} {_verdict(cell)}" if cell else ""
    verdicts = [cell for name, cell in cells.items() if VERDICT.fullmatch(name) and cell != option]
    verdicts += [cell for cell in row if MARK.search(cell) and cell != option]
    return f"{letter[1]} {_verdict(verdicts[0])}" if letter and verdicts else _pair(row)


def _pair(row: Sequence[str]) -> str:
    if len(row) == 2 and ANSWER.fullmatch(row[0]):
        return f"答案: {row[1]}"
    if row and re.fullmatch("[A-J]", row[0]):
        return f"{row[0]}. {' '.join(row[1:])}" if row[1:] else row[0]
    return " ".join(row)


def _verdict(cell: str) -> str:
    """A cell as a judgement; of a sentence, its words for right or wrong come first."""
    if not YES.fullmatch(cell) and not NO.fullmatch(cell) and (marks := MARK.findall(cell)) and len(set(marks)) == 1:
        return f"{'' if cell.startswith(marks[0]) else '不' * ('不' + marks[0] in cell)}{marks[0]}"
    return "正确" if YES.fullmatch(cell) else "错误" if NO.fullmatch(cell) else cell
