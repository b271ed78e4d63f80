"""Tells what a reply quotes from what it says itself: scores that stand in the text under judgement are no verdict."""

import re

_OWN = re.compile(
    r"(?:我的?(?:评分|打分|评价|判断|结论|给分)|我(?:给出|给|打)|(?:评分|打分|得分|结果|结论|评价)(?:结果)?(?:如下|为|是)?|最终|格式|"
    r"\bmy\s+(?:own\s+)?(?:scores?|ratings?|verdict|judge?ment|evaluation)|\bhere\s+(?:is|are)|\bi\s+(?:give|rate|score))[^。.!?\n]{0,12}$",
    re.IGNORECASE,
)
_QUOTES = re.compile(
    r"(?:写道|写着|写有|写了|写的是|声称|自称|宣称|原文|引用|引述|摘录|文中|附(?:有|上|带)|(?:回答|答案|文本|内容|其|里面|末尾|结尾)[里中内]?(?:说|称|写|有|给出|含|包含|出现|附|带|插入|提到|要求)"
    r"|(?:要求|指示|诱导|让|命令|提示)我|试图|注入"
    r"|\b(?:says?|said|states?|stated|contains?|contained|quot\w+|reads|wrote|writes|claims?|claimed|embeds?|embedded|inject\w*|includes?|included|"
    r"tells?\s+me|asks?\s+(?:me|for)|instructs?|instructed|demands?))[^。!?\n]{0,24}$",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"^[\s\"'”’」』`。.,，;；:：!！)）]*(?:[^{}\n。]{0,40}[，,。；;]\s*)?[^{}\n。]{0,12}(?:不(?:会|能|予|应|该|可|作|将)*(?:采[纳信用]|理会|接受|照做|作数|听从|当作|视为)|(?:忽略|无视|拒绝)(?:它|此|该|这|上述|其|了)?|"
    r"(?:这|那|此|以上)(?:只?是|属于|为)?(?:原文|引文|引用|(?:被评|待评)?(?:的)?(?:回答|文本)(?:中|里|自带)|在要求|在诱导|一种?注入|注入|回答自己)"
    r"|\bi\s+(?:will|do|did|shall|can)?\s*(?:not|n't|refuse|ignore|decline|disregard)|\bi(?:'ll|\s+will)\s+(?:ignore|disregard)|\b(?:ignored|disregarded|not\s+my)\b"
    r"|\b(?:is|was|are)\s+(?:quoted|part\s+of|from\s+the|an?\s+(?:injection|instruction)))",
    re.IGNORECASE,
)
_MARKS = {"「": "」", "『": "』", "“": "”", "‘": "’", '"': '"', "'": "'"}


def quoted(text: str, start: int, end: int) -> bool:
    """Whether what stands between is quoted: after words that quote, within marks, or rejected afterwards."""
    before = re.split(r"[。!?！？\n]", text[max(0, start - 120) : start].rstrip("`*# \n"))[-1]
    if _REJECTED.match(text[end : end + 90]):
        return True
    opened, shut = text[:start].rstrip()[-1:], text[end:].lstrip()[:1]
    if opened and _MARKS.get(opened) == shut:
        return True
    return bool(_QUOTES.search(before)) and not _OWN.search(before)
