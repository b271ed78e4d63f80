"""Finds answers that a token limit cut off: by words and marks that end no sentence, and by how the others end."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hypnos.artefacts.ranges import Count, Natural
from hypnos.curation.clean.rule import Rule, text_of
from hypnos.curation.clean.sentence_ends import SIGNS, SentenceEnds
from hypnos.curation.pipeline.rows import evenly
from hypnos.curation.pipeline.step import RecordRow

_ENDED = "。！？!?.…～~；;）)】]}》”\"'」』%％℃"
_MARKUP = re.compile(r"[\s*_`$\ufe0f\u2600-\u27bf\U0001f300-\U0001faff]+$")
"""Marks of Markdown, fences, formulae and emoji: what stands before them ends the answer."""
_POINT = re.compile(r"\s*(?:[-*•]|\d{1,2}[.、)）])\s*[^。！？!?]+$")
"""A last line that is a point of a list: it needs no mark."""
# Commas at the end are mostly slips of one who had finished.
_OPEN_MARKS = "：:（([【《“—-="
_SENTENCE = re.compile(r"[。！？!?]")
_LIST_MARK = re.compile(r"(?:^|\n)\s*(?:\d{1,2}[.、)）]|[（(]?[一二三四五六七八九十\d]{1,2}[)）]|[-*•])\s*$")
# No Chinese sentence ends with these; those of one sign only where the words before do not take them in (可以, 因为).
_OPEN_WORDS = re.compile(
    r"(?:因为|由于|如果|假如|虽然|尽管|但是|而且|并且|或者|以及|或是|因此|所以|从而|例如|比如|包括|根据|通过|对于|随着|为了|按照|除了"
    r"|不仅|还会|还要|还应|也会|也要|必须|应当|应该|可能会|属于|称为|叫做|分为|之间的|主要是|一般是|通常是|这是|就是|也是|而是|采取|采用"
    r"|避免|防止|加强|造成|[^以所可予难加得足]以|[^因作成认行称视分变化名较最更转]为|[^参给]与"
    r"|[^温柔平缓]和|[^危普遍]及|[或但且若虽即把被将使让由从各每某该其此很更最])$"
)
# One sign alone at the end, as a word, is common enough with these.
_LAST_SIGNS = frozenset(
    "了的吧吗呢啊呀哦哈嘛好药病高大多少痛疼痒苦用服吃喝做看查治症炎癌瘤血水尿便汗热冷低快慢重轻强弱长短早晚久难易行对错是有无"
    "没等事人间前后内外上下中里时次日天周月年岁度克粒片支瓶包袋滴丸剂量方法类种性型期级点处过到完去来起住掉开出入起见得着"
    "清净干湿软硬红肿胀麻酸涩甜咸淡粥汤茶菜肉鱼蛋奶糖盐油酒烟觉醒睡动静坐站走跑说问谢您你我他她它们们者么样些线管部位面头"
    "手脚腿腰背胸腹肝肾肺心脾胃肠脑眼耳鼻口舌牙骨皮肤毛发液质素酶菌毒因果效宜佳准确可否会要来孕产妇儿科院师生钱费贵何啦"
    "元环亲膏沾穿泥钙拉针力呦哟噢嘞哒咯先"
)


@dataclass(frozen=True, slots=True)
class Truncated(Rule):
    """An answer without an end.

    Attributes:
        least: characters below which an answer is taken for a phrase, which needs no end.
        torn_words: also take for cut what ends within a word, as a segmenter sees it.
        models: what a model wrote (its `author` says so) in sentences is cut if it ends with no mark; people in
            forums often leave the last one out.
        people: authors that are no models; a row without author is theirs too.
        odds: natural logarithm of the odds that a sentence ends where an answer without a mark does, below which it
            is cut, as the answers at hand show it; None: not looked at.
        fewest: records below which nothing can be learnt from them.
        sample: records that are learnt from, evenly out of all.
    """

    least: Natural = 30
    torn_words: bool = True
    models: bool = True
    people: Sequence[str] = ("human", "hypnos")
    odds: float | None = -1.75
    fewest: Natural = 2000
    sample: Count = 20_000
    _ends: SentenceEnds | None = None

    def learnt_from(self, rows: Iterable[RecordRow]) -> "Truncated":
        if self.odds is None:
            return self
        chosen, step = evenly(rows, self.sample, least=self.fewest)
        return replace(self, _ends=SentenceEnds(text_of(row, "output") for row in chosen)) if step else self

    def check(self, row: RecordRow) -> str | None:
        whole = text_of(row, "output").rstrip()
        text = _MARKUP.sub("", whole)
        if len(text) < self.least:
            return None
        if _LIST_MARK.search(whole):
            return "truncated"
        if text[-1] in _ENDED:
            return None
        if text[-1] in _OPEN_MARKS or _OPEN_WORDS.search(text[-6:]):
            return "truncated"
        if text[-1] == "|" and text[text.rfind("\n") + 1 :].lstrip().startswith("|"):
            return None  # a row of a table
        sentences = self.models and self._is_of_a_model(row) and _SENTENCE.search(text)
        if _has_open_bracket(text) or (sentences and not _POINT.match(text[text.rfind("\n") + 1 :])):
            return "truncated"
        if self.torn_words and "\u4e00" <= text[-1] <= "\u9fff" and _is_torn(text):
            return "truncated"
        if self._ends is not None and self.odds is not None and _ends_in_prose(text):
            return "truncated" if self._ends.odds([text])[0] < self.odds else None
        return None

    def _is_of_a_model(self, row: RecordRow) -> bool:
        author = row.get("author")
        return bool(author) and author not in self.people


def _has_open_bracket(text: str) -> bool:
    last = text[-60:]
    return any(last.rfind(opening) > last.rfind(closing) for opening, closing in ("（）", "()", "“”", "《》", "【】"))


def _ends_in_prose(text: str) -> bool:
    """Whether the last line is one of sentences: tables, data and points of a list need no full stop."""
    line = text[text.rfind("\n") + 1 :].lstrip()
    return "\u4e00" <= text[-1] <= "\u9fff" and len(line) >= SIGNS and line[0] not in "-*•|"


def _is_torn(text: str) -> bool:
    """The last sign is a word by itself, and none that ends sentences: most likely the first half of one."""
    import rjieba

    last = rjieba.cut(text[-20:])[-1]
    return len(last) == 1 and last not in _LAST_SIGNS
