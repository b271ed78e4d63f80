"""Faults planted into real records, so that what the rules catch can be counted.

Written before the rules and without them: each kind comes in many forms, drawn by a seed, and some are meant to be
hard. The sentences are this project's own; the records around them are not, and stay where they are.
"""

import random
from collections.abc import Callable
from typing import Any

from bench.fault_texts import (
    ASKED,
    BACK,
    CONFUSED,
    DOSES,
    FOREIGN,
    FRONT,
    GIVEN,
    MIXED,
    ORAL,
    REFUSALS,
    SPELLINGS,
    SURNAMES,
    SWAPS,
    TAILS,
)

Row = dict[str, Any]
Plant = Callable[[Row, random.Random], Row]


def empty(row: Row, rng: random.Random) -> Row:
    blank = [
        "",
        " ",
        "\n\n",
        "　　",
        "。",
        "……",
        "N/A",
        "null",
        "\u200b",
        "<p></p>",
        "-",
        "？？",
        "（空）",
        "None",
        "/",
    ]
    field = "instruction" if rng.random() < 0.1 else "output"
    return row | {field: rng.choice(blank), "input": "" if field == "instruction" else row["input"]}


def refusal(row: Row, rng: random.Random) -> Row:
    return row | {"output": rng.choice(REFUSALS) + rng.choice(TAILS)}


def language(row: Row, rng: random.Random) -> Row:
    first = rng.choice(FOREIGN)
    return row | {"output": rng.choice(MIXED).format(first, rng.choice(FOREIGN))}


def exact_copy(row: Row, rng: random.Random) -> Row:
    return dict(row)


def rewritten_copy(row: Row, rng: random.Random) -> Row:
    """The same words in another dress: widths, signs, blanks, script."""
    dresses = [
        lambda t: t.translate(str.maketrans("，。？！：；（）", ",.?!:;()")),
        lambda t: t.translate(str.maketrans("0123456789", "０１２３４５６７８９")).replace(",", "，"),
        lambda t: "\n".join(t.replace("。", "。\n").split("\n")),
        lambda t: "  " + t.replace("，", "， ") + " ",
        lambda t: t.upper().replace("。", ""),
        _traditional,
    ]
    dress = rng.choice(dresses)
    return row | {name: dress(row[name]) for name in ("instruction", "input", "output")}


def _traditional(text: str) -> str:
    from opencc import OpenCC

    return OpenCC("s2t").convert(text)


def edited_copy(row: Row, rng: random.Random) -> Row:
    """A few words of the answer and the question changed: as a forum's reposts and paraphrasing machines do."""
    swaps = rng.sample(SWAPS, len(SWAPS))

    def edit(text: str, most: int) -> str:
        done = 0
        for old, new in swaps:
            if done < most and old in text:
                text = text.replace(old, new, 1)
                done += 1
        if not done and len(text) > 20:
            at = rng.randrange(5, len(text) - 5)
            text = text[:at] + text[at + 1 :]
        return text

    return row | {
        "instruction": edit(row["instruction"], 1),
        "output": edit(row["output"], 1 + len(row["output"]) // 120),
    }


def polite_copy(row: Row, rng: random.Random) -> Row:
    """The same answer with a courtesy before or behind it."""
    front, back = rng.choice([(f, b) for f in FRONT for b in BACK if f or b])
    return row | {"output": front + row["output"] + back}


def contaminated(row: Row, rng: random.Random, item: Row) -> Row:
    """A question of a benchmark, as it gets into training sets."""
    options: dict[str, str] = item.get("options") or {}
    listed = list(options.items())
    right = "；".join(options[letter] for letter in item["answer"] if letter in options)
    stem, why = item["question"], item.get("explanation") or ""
    shuffled = [text for _, text in rng.sample(listed, len(listed))]
    lines = {
        "same": "\n".join(f"{letter}. {text}" for letter, text in listed),
        "shuffled": "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDE", shuffled, strict=False)),
        "inline": " ".join(f"{letter}、{text}" for letter, text in listed),
    }
    forms: list[Row] = [
        {"instruction": stem, "input": lines["same"], "output": f"答案：{item['answer']}\n解析：{why}"},
        {"instruction": f"请回答下面的题目，并说明理由。\n{stem}\n{lines['shuffled']}", "output": f"{right}。{why}"},
        {"instruction": f"{stem}{lines['inline']}", "output": right},
        {"instruction": stem.rstrip("（）() 。？?") + "？", "output": f"{right}。{why}"},
        {"instruction": f"题目：{stem} 选项：{'；'.join(shuffled)}", "output": f"应选{right}"},
        {"instruction": "根据病例选出最合适的答案", "input": f"{stem}\n{lines['shuffled']}", "output": right},
        {"instruction": "举一道医学考试题并给出答案", "output": f"{stem}\n{lines['same']}\n答案：{item['answer']}"},
    ]
    return row | {"input": ""} | rng.choice(forms)


def _name(rng: random.Random) -> str:
    surname = rng.choice([*SURNAMES, "欧阳", "司马", "上官"])
    return surname + "".join(rng.sample(GIVEN, rng.choice([1, 2, 2])))


def _identity(rng: random.Random) -> str:
    digits = f"{rng.choice(['110105', '310104', '440306', '510107', '320102'])}{rng.randint(1940, 2015)}"
    digits += f"{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(1, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def _phone(rng: random.Random) -> str:
    digits = f"1{rng.choice('3456789')}{rng.randint(0, 10**9 - 1):09d}"
    return rng.choice(
        [
            digits,
            f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
            f"+86 {digits}",
            f"{digits[:3]} {digits[3:7]} {digits[7:]}",
        ]
    )


def personal(row: Row, rng: random.Random) -> Row:
    """`secrets` names what must not be left of it."""
    name, number = _name(rng), rng.randint(10**5, 10**8)
    identity, phone = _identity(rng), _phone(rng)
    landline = f"0{rng.choice(['10', '21', '755', '571'])}-{rng.randint(2 * 10**7, 9 * 10**7)}"
    handle = f"{rng.choice('abcdefgh')}{rng.choice('xyz')}{number}"
    forms = [
        f"患者{name}，{rng.choice('男女')}，{rng.randint(18, 90)}岁，",
        f"姓名：{name}，",
        f"我叫{name}，",
        f"病人姓名 {name} ",
        f"患儿{name}，{rng.randint(1, 12)}岁，因发热就诊。",
        f"身份证号{identity}，",
        f"身份证：{identity}。",
        f"（{identity}）",
        f"联系电话{phone}，",
        f"我的手机是{phone}，请回电。",
        f"电话：{landline}。",
        f"住院号：{number}，",
        f"病历号{number}，",
        f"住院号 Z{number}，",
        f"病案号为{number}。",
        f"门诊号：{number}，",
        f"加微信 {handle} 详谈。",
        f"邮箱{rng.choice(['wang', 'li', 'zhang'])}{number}@163.com，",
        f"{name}（住院号{number}）",
    ]
    field = rng.choice(["instruction", "output", "output"])
    text = row[field]
    at = rng.choice([0, 0, len(text), text.find("。") + 1])
    form = rng.choice(forms)
    secrets = [secret for secret in (name, identity, phone, landline, handle, str(number)) if secret in form]
    return row | {field: text[:at] + form + text[at:], "secrets": secrets}


def repeated(row: Row, rng: random.Random) -> Row:
    text = row["output"]
    parts = [part for part in text.replace("！", "。").replace("\n", "。").split("。") if len(part) > 3] or [text]
    part = rng.choice(parts)
    start = rng.randrange(max(1, len(part) - 12))
    phrase = part[start : start + rng.randint(4, 12)]
    times = rng.randint(4, 25)
    forms = [
        text + phrase * times,
        text + (part + "。") * times,
        text[: len(text) // 2] + phrase * times + text[len(text) // 2 :],
        text + "，".join([phrase] * times),
        text + rng.choice("好的痛了") * (times + 6),
        "\n".join(f"{i}. {part}" for i in range(1, times + 1)),
        text + "\n" + "\n".join([part] * times),
        (part + "，") * times,
    ]
    return row | {"output": rng.choice(forms)}


def truncated(row: Row, rng: random.Random) -> Row:
    """Cut as a token limit cuts: anywhere in the second half, so at least 40 characters stand."""
    text = row["output"].rstrip()
    at = rng.randrange(max(40, len(text) // 2), len(text) - 3)
    while text[at - 1] in "。！？!?.…\n":
        at -= 1
    return row | {"output": text[:at]}


# Doses a textbook gives, with the unit as a part of its own: (before, value, unit, behind).


def _insert(row: Row, sentence: str, rng: random.Random) -> Row:
    text = row["output"].rstrip()
    at = rng.choice([0, len(text), text.find("。") + 1])
    closing = "" if at and text[at - 1] in "。！？\n" else "。" if at else ""
    return row | {"output": text[:at] + closing + sentence + "。" + text[at:]}


def dose_without_unit(row: Row, rng: random.Random) -> Row:
    before, value, _, behind = rng.choice(DOSES + ORAL)
    return _insert(row, f"{before}{rng.choice(['', ' '])}{value}{behind}", rng)


def dose_tenfold(row: Row, rng: random.Random) -> Row:
    """Ten times too much, a slipped point, or milligrams for micrograms."""
    before, value, unit, behind = rng.choice(DOSES)
    if "μg" in unit and rng.random() < 0.5:
        unit = unit.replace("μg", "mg")
    else:
        value = f"{float(value) * rng.choice([10, 10, 20, 100]):g}"
    spelling = rng.choice(SPELLINGS.get(unit, [unit]))
    return _insert(row, f"{before}{value}{spelling}{behind}", rng)


# What is asked about, what the answer slips into, and a statement about the first.


def confused_drug(row: Row, rng: random.Random) -> Row:
    """The question is about one drug and the answer about its look-alike, in a record that goes on as it was."""
    asked, slipped, statement = rng.choice(CONFUSED)
    question = rng.choice(ASKED).format(asked)
    if rng.random() < 0.4:  # both sentences within what stood there
        changed = _insert(row, statement.format(slipped), rng)
        return changed | {"instruction": f"{row['instruction']}另外，{question}"}
    tail = rng.choice(["。应在监测下使用。", "，个体差异较大。", "，老年人减量。", f"。{slipped}过量时应对症处理。"])
    return row | {"instruction": question, "input": "", "output": statement.format(slipped) + tail}


def other_answer(row: Row, rng: random.Random, *, other: Row) -> Row:
    """The answer to another question, fluent and whole."""
    return row | {"output": other["output"]}


def off_topic(row: Row, rng: random.Random, *, passage: str) -> Row:
    """Whole sentences of a text about something else, about as long as the answer was."""
    said = ""
    for sentence in passage.strip().replace("\n", "").split("。"):
        if sentence and (not said or len(said) + len(sentence) < 1.2 * len(row["output"])):
            said += f"{sentence}。"
    return row | {"output": said}
