"""Holds a cleaned answer, and the words by which options are called right or wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EDGE = " \t\r\n。.,;:!?、~\"'“”‘’「」『』【】[](){}<>-—•·✅✔✓☑👉"

WRONG = (
    r"(?:错误|不对|不正确|有误|不符合|不属于|不包括|不是(?!\s*[A-J])|不能|不宜|不妥|不恰当|不成立|不如|不适|错(?!过)"
    r"|不可取|不行|不可以|不合适|不适[合用]|不可行|不予考虑|不考虑|不选(?!择?\s*[A-J])|不合题意|无道理|×|✗|✘|❌|incorrect|wrong|not\b(?!\s+(?:option\s+)?[A-J]\b)|n't\b)"
)

RIGHT = (
    r"(?:正确|(?<![不反针相绝])对(?=的|$|[^\w])|(?<!不)符合|(?<!不)属于|没有问题|没有错|无误|成立|[更较最]?(?:为)?(?:合适|恰当|合理|适合|适宜|贴切)"
    r"|(?:是|为)首选|√|✓|✔|✅|(?:是|为)(?:本题)?的?(?:正确|最佳|标准)?的?(?:答案|选项|正解)"
    r"|correct|right\b|best\b|(?:is|would\s+be)\s+(?:the|my)\s+(?:answer|one|choice|pick)\b)"
)

CONDITION = re.compile(r"如果|若(?!干)|假如|假设|倘若|(?i:\bif\b)")

CLAUSE = re.compile(r"[,。;!?\n()]|\s{2,}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A cleaned answer beside what it answers.

    Attributes:
        text: half-width, without Markdown and without what follows the answer.
        options: by letter, cleaned in the same way.
        negative: whether the stem asks for what is wrong.
        multiple: whether several options may be right.
    """

    text: str
    options: Mapping[str, str]
    negative: bool
    multiple: bool
