"""Tells from the stem of a choice question whether it asks for what is wrong, or for several options."""

import re
import unicodedata

STRONG = re.compile(
    # "是不是" and "并不是" do not turn a question round; "错误" as the name of a thing does not either.
    r"不正确|(?<!纠正)(?<!避免)错误|错的|有误|例外|不包括|不包含|不属(?!支)|(?<!是)(?<!并)不是|除外|不宜|不应|最不|无关|哪一?[项种个类条组]不"
    r"|不对(?!称)|不符合|不恰当|不妥|不合适|不合理|不准确"
    # "除清热解毒外，又能" only adds something; 除哪项外, and 除……外均, turn the question round.
    r"|除了?[^，。；]{0,6}(?:哪|何|下列|以下)[^，。；]{0,10}外|除[^，。；]{1,14}外[,，]?(?:均|都|皆|全)"
    # In English, small "not" may belong to a case; only papers' capitals and their usual phrases count.
    r"|\b(?:EXCEPT|NOT|INCORRECT|FALSE|LEAST)\b"
    r"|(?i:\bexcept\b:?\W*$|\bwhich of the following[^.?]*\b(?:not|false|incorrect)\b)"
)
WEAK = re.compile(
    r"(?:下列|以下|哪一?[项种个类条些]|何者|谁)[^，。；]{0,16}?"
    r"(?:不(?!良|全|足|稳|适|明|规则|同|典型|完全|可逆|齐|孕)|无(?!痛|菌|创|力|氧))[^，。；]{0,12}的(?:是|有|药物|项目)"
)
SEVERAL = re.compile(r"多选|多项选择|不定项")
END = re.compile(r"[。！!；;\n]")


def is_negative(stem: str) -> bool:
    """Whether a stem asks for what does not hold: 不正确的是, 除外, EXCEPT, 哪项不是.

    Only its last sentence asks; what stands before it is a case. 禁忌 alone asks for a contraindication and is no
    negation (DOMAIN.md, 5).
    """
    asks = _question(stem)
    return bool(STRONG.search(asks) or WEAK.search(asks))


def asks_for_several(stem: str) -> bool:
    """Whether a stem itself says that several options may be right."""
    return bool(SEVERAL.search(stem))


def _question(stem: str) -> str:
    # Endings such as （ ）。 hold no words and must not hide the sentence that asks.
    sentences = [part for part in END.split(unicodedata.normalize("NFC", stem)) if re.search(r"\w", part)]
    return sentences[-1] if sentences else stem
