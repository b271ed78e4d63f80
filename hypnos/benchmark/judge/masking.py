"""Covers the phrases by which an answer tells whose it is, before a judge or a rater sees it."""

import re
from collections.abc import Iterable
from functools import lru_cache

MASK = "【模型名】"
MAKER_MASK = "【机构】"

_HIDDEN = dict.fromkeys(
    [0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
"""Signs without width, and those that turn the direction of writing: they hide a name from a pattern alone."""

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_FAMILIES: dict[str, tuple[str, ...]] = {
    "openai": ("chat[ -]?gpt", r"gpt-?(?:3\.?5|4\.1|[45]o?)(?:-?(?:turbo|mini|\d{4}))*(?![\d.倍]|\s*(?:i?u|单位|倍))"),
    "anthropic": ("claude(?![ -]?bernard|[ -]?syndrome|\\s*综合[征症])",),
    "qwen": ("qwen", "通义千问", "tongyi[ -]?qianwen"),
    "deepseek": ("deepseek", "深度求索"),
    "zhipu": ("chatglm", "智谱清言", "glm-\\d"),
    "baidu": ("文心一言", "文心大模型", "ernie[ -]?bot"),
    "iflytek": ("讯飞星火", "星火认知大模型", "星火大模型"),
    "moonshot": ("kimi",),
    "bytedance": ("云雀大模型", "豆包大模型"),
    "meta": ("llama",),
    "google": ("gemini",),
    "mistral": ("mistral", "mixtral"),
    "baichuan": ("baichuan", "百川大模型", "百川智能"),
    "internlm": ("internlm", "书生[·・]?浦语"),
    "huatuo": ("huatuo[ -]?gpt", "华佗[ -]?gpt", "huatuo"),
    "bentsao": ("bentsao", "本草大模型"),
    "zhongjing": ("zhongjing", "仲景大模型"),
    "bianque": ("bianque", "扁鹊大模型"),
    "doctorglm": ("doctorglm",),
    "medicalgpt": ("medicalgpt",),
    "chatmed": ("chatmed",),
    "shennong": ("shennong[ -]?tcm",),
    "alpaca": ("alpaca", "vicuna"),
    "hypnos": ("hypnos",),
}
"""Names of models by family, as they count wherever they stand. Words that are medicine or daily life too are
not here: 华佗, 本草, 豆包 and GLM count only where an answer speaks of itself, Claude Bernard is a physiologist, and
GPT an enzyme."""

_MAKERS = (
    "open ?ai|anthropic|深度求索|智谱(?:ai|华章)?|阿里云|阿里巴巴(?:集团)?|达摩院|百度|科大讯飞|讯飞"
    "|月之暗面|moonshot(?: ?ai)?|字节跳动|meta(?: ?ai)?|google(?: ?deepmind)?|谷歌|腾讯|华为|百川智能"
    "|商汤|零一万物|minimax|mistral ?ai|上海人工智能实验室|香港中文大学(?:[(]深圳[)])?|哈尔滨工业大学|哈工大"
)

_EDGE = r"(?<![a-z])", r"(?![a-z])"
"""Latin names count as whole words only; digits and Chinese may touch them."""

_SELF = r"(?:我(?:是|叫|的名字(?:是|叫))|名为|名叫|作为|本(?:模型|助手)(?:是|叫)|i am|i'm|my name is|as)"
_SELF_NAMES = "华佗|仲景|本草|扁鹊|神农|豆包|星火|书生|百川|混元|盘古|天工|千问|文心|bard|glm|yi|gpt|phi|gemma"


def mask_names(text: str, names: Iterable[str] = ()) -> str:
    """Cover the names of models and, where an answer says who made it, of their makers.

    Args:
        text: an answer.
        names: of the models compared. One that is a plain word (`general`), or could be a dose, a finding or a
            lead (`100`, `v2`, `spo2`), is covered only where the answer speaks of itself.

    Returns:
        The text with `MASK` and `MAKER_MASK` in their place, and without signs of no width.
    """
    text = text.translate(_HIDDEN)
    for pattern, mask in _patterns(tuple(sorted({name for name in names if len(name) > 1}))):
        # Full-width letters fold one to one, so a match in the folded text stands at the same place in the text.
        folded = text.translate(_HALF_WIDTH).lower()
        if len(folded) != len(text):
            folded = text.translate(_HALF_WIDTH)
        for match in reversed(list(pattern.finditer(folded))):
            start, end = match.span("name")
            text = text[:start] + mask + text[end:]
    return text


def family(model: str) -> str | None:
    """Whose model this is, by its name; None where the name does not say."""
    folded = model.lower().replace("_", "-")
    for name, patterns in _FAMILIES.items():
        if any(re.search(pattern, folded) for pattern in patterns):
            return name
    return None


def _is_distinct(name: str) -> bool:
    """Whether a name is a model's wherever it stands: with a digit or a sign, and too long for an abbreviation."""
    return bool(re.search(r"[\d_\-/.]", name)) and sum(map(str.isalpha, name)) >= 3 and len(name) > 4


@lru_cache(maxsize=32)
def _patterns(names: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    lowered = [name.lower() for name in names]
    distinct = [re.escape(name) for name in lowered if _is_distinct(name)]
    plain = [re.escape(name) for name in lowered if any(map(str.isalpha, name))]
    known = [pattern for patterns in _FAMILIES.values() for pattern in patterns]
    # Longest first, so that a name within a longer one does not leave the rest standing.
    everywhere = "|".join(sorted(distinct, key=len, reverse=True) + known)
    version = r"(?:[ -]?v?\d+(?:\.\d+)*(?:[ -]?\d*\.?\d*[bm](?![a-z]))?(?:-[a-z]+)*)?"
    of_itself = "|".join([*plain, _SELF_NAMES])
    maker_verb = r"(?:开发|研发|训练|推出|创建|打造|构建|研制|设计|发布)|的?(?:大|语言|人工智能|ai)?(?:模型|助手)"
    start, end = _EDGE
    return (
        (re.compile(rf"{start}(?P<name>(?:{everywhere}){version}){end}", re.I), MASK),
        (re.compile(rf"{_SELF}\s*[“\"《]?(?P<name>(?:{of_itself}){version}){end}", re.I), MASK),
        (
            re.compile(rf"(?:由|是|来自|出自)\s*(?P<name>{_MAKERS})(?=[^,。\n]{{0,8}}?(?:{maker_verb}))", re.I),
            MAKER_MASK,
        ),
        (
            re.compile(rf"{start}(?:made|developed|trained|created|built) by\s+(?P<name>{_MAKERS}){end}", re.I),
            MAKER_MASK,
        ),
    )
