"""Finds faults that show without reading: nothing there, too long, the question again, broken structure, gaps."""

import re
from dataclasses import dataclass

from hypnos.artefacts.ranges import Count, Natural, Share
from hypnos.corpus.blank import is_blank
from hypnos.corpus.likeness.ngrams import fold
from hypnos.curation.clean.rule import FIELDS, Rule, question_of, text_of
from hypnos.curation.pipeline.step import RecordRow

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_NOTHING = {
    "",
    *["null", "none", "nan", "na", "nil", "no", "undefined", "空", "无", "无内容", "暂无", "空白", "答", "回答"],
}


@dataclass(frozen=True, slots=True)
class Empty(Rule):
    """A question or an answer without words."""

    def check(self, row: RecordRow) -> str | None:
        for field in ("instruction", "output"):
            text = text_of(row, field)
            if is_blank(text) or (len(text) < 40 and fold(_TAG.sub("", text)) in _NOTHING):
                return "empty"
        return None


@dataclass(frozen=True, slots=True)
class Length(Rule):
    """Fewer or more characters than a record should have.

    Attributes:
        question: least and most of question and material.
        answer: least and most of the answer.
    """

    question: tuple[Natural, Count] = (2, 8000)
    answer: tuple[Natural, Count] = (1, 8000)

    def check(self, row: RecordRow) -> str | None:
        if not self.question[0] <= len(question_of(row)) <= self.question[1]:
            return "length_question"
        if not self.answer[0] <= len(text_of(row, "output")) <= self.answer[1]:
            return "length_answer"
        return None


@dataclass(frozen=True, slots=True)
class Restates(Rule):
    """An answer that says the question again and nothing else.

    Attributes:
        share: of the characters of question or answer, in their order, that the other must have too.
    """

    share: Share = 0.9

    def check(self, row: RecordRow) -> str | None:
        # Reading from material may rightly give its words back: only the instruction is compared.
        asked, answer = text_of(row, "instruction"), fold(text_of(row, "output"))
        if len(answer) < 4 or len(answer) > 1.4 * len(asked):  # before the question is folded too, which takes time
            return None
        question = fold(asked)
        if len(answer) > 1.4 * len(question) or len(answer) < 0.6 * len(question):
            return None
        from rapidfuzz.distance import LCSseq

        shared = LCSseq.similarity(question, answer)
        return "restates_question" if shared >= self.share * max(len(question), len(answer)) else None


_FENCE = re.compile(r"^\s*```", re.M)
_TURN = re.compile(
    r"<\|?(?:im_start|im_end|endoftext|user|assistant|system|eot_id)\|?>|\[/?INST\]|<</?SYS>>"
    r"|^\s*#{2,3}\s*(?:Instruction|Response|Input|Output|指令|回答|输入|输出)\s*[:：]?\s*$"
    r"|^\s*(?:Human|Assistant|User|用户|助手)\s*[:：]",
    re.M,
)
_PAIRS = (("（(", "）)"), ("【[", "】]"), ("《", "》"), ("{", "}"))


@dataclass(frozen=True, slots=True)
class Unbalanced(Rule):
    """Structure that does not close: fences, tags, JSON, brackets; or marks of turns within an answer.

    Attributes:
        brackets: opened brackets that may stay open; people are careless with one or two.
    """

    brackets: Natural = 2

    def check(self, row: RecordRow) -> str | None:
        text = text_of(row, "output")
        if _TURN.search(text):
            return "turn_marks"
        if len(_FENCE.findall(text)) % 2 or self._is_broken_json(text) or self._has_open_tag(text):
            return "unbalanced"
        for opening, closing in _PAIRS:
            opened, closed = (sum(map(text.count, signs)) for signs in (opening, closing))
            # "1)" closes what nothing opened, and rightly.
            if opened - closed > self.brackets:
                return "unbalanced"
        return None

    @staticmethod
    def _is_broken_json(text: str) -> bool:
        head = text.lstrip()
        return bool(re.match(r'[\[{]\s*"\w+"\s*[:,]', head)) and head.count("{") + head.count("[") != head.count(
            "}"
        ) + head.count("]")

    @staticmethod
    def _has_open_tag(text: str) -> bool:
        return any(
            len(re.findall(rf"<{tag}[\s>]", text)) != text.count(f"</{tag}>")
            for tag in ("table", "div", "ul", "ol", "html", "think")
            if f"<{tag}" in text or f"</{tag}>" in text
        )


_PLACEHOLDER = re.compile(
    r"\{\{\s*[\w.\u4e00-\u9fff]+\s*\}\}|\$\{\w+\}|\blorem ipsum\b"
    r"|[\[【<＜（(]\s*(?:请|在此|此处|插入|填写|填入|您的|你的|insert|your|name of|fill|todo)[^\]】>＞）)\n]{0,12}?"
    r"(?:姓名|名字|名称|填写|填入|输入|插入|内容|日期|信息|here|name|text|\.\.\.)\s*[\]】>＞）)]"
    r"|[\[<＜]\s*(?:患者|病人|医生|医院|药物|药品|疾病|科室|具体)[^\]>＞\n]{0,6}(?:姓名|名字|名称|名|剂量|时间|日期|内容)\s*[\]>＞]"
    r"|待补充|待填写|待完善|此处(?:填写|插入|省略\d+字|为空|输入)|在此(?:处)?(?:输入|填写|插入)"
    r"|(?:示例|占位)(?:文本|文字|答案|内容)|(?<![A-Za-z])(?:TODO|TBD|FIXME)(?![A-Za-z])",
    re.I,
)
_PLACEHOLDER_SIGN = re.compile(r"\{\{|\$\{|\[|【|<|＜|（|\(|待|此处|在此|示例|占位|t|T|f|F|l|L")
"""Some of it stands in each placeholder, and is quicker to look for."""


@dataclass(frozen=True, slots=True)
class Placeholder(Rule):
    """A place that was to be filled: `{{drug}}`, [您的姓名], 待补充, TODO; in an answer ______ too."""

    def check(self, row: RecordRow) -> str | None:
        for field in FIELDS:
            text = text_of(row, field)
            if _PLACEHOLDER_SIGN.search(text) and _PLACEHOLDER.search(text):
                return "placeholder"
        return "placeholder" if "______" in text_of(row, "output") else None
