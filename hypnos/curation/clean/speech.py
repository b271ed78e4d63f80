"""Finds what a model says instead of an answer, or beside it: refusals and boilerplate."""

import re
from dataclasses import dataclass

from hypnos.artefacts.ranges import Natural
from hypnos.curation.clean.rule import Rule, text_of
from hypnos.curation.pipeline.step import RecordRow

# Who speaks so is no doctor, wherever it stands.
_SELF = re.compile(
    r"作为(?:一[个名款种位])?\s*(?:AI|人工智能|(?:大型?)?语言模型|大模型|聊天机器人|智能助[手理]|虚拟助[手理])"
    r"|我(?:只|仅仅)?是(?:一[个名款种位])?(?:由[^。，]{0,20}(?:开发|训练|研发)的)?\s*(?:AI|人工智能|大?型?语言模型|大模型|机器人)"
    r"|(?:我的|本模型的?)训练数据|训练数据截[至止]|本模型(?:不|无)|我(?:无法|不能)(?:访问|打开)(?:外部|互联网|链接|网络)"
    r"|\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b"
    r"|\bI(?:'m| am) (?:just )?an? (?:AI|language model)\b",
    re.I,
)
# A refusal, where it opens a short answer; a doctor may be unable to say something and go on to help.
_SORRY = r"(?:很|非常|十分|真的?)?(?:抱歉|对不起|遗憾|不好意思|请(?:您)?(?:谅解|见谅))"
_CANNOT = r"(?:无法|不能|没[有办]*法|没有(?:能力|资格)|不便|不可以|没有?找到|还?没有学会|暂时?不)"
_HELP = (
    r"(?:回答|作答|解答|提供|给出|给予|协助|帮助|完成|处理|判断|诊断|显示|评论|讨论|满足|生成|继续|相关|这类|此类|与您)"
)
_REFUSAL = re.compile(
    rf"{_SORRY}.{{0,40}}?{_CANNOT}.{{0,15}}?{_HELP}"
    rf"|^(?:您好[，,！!])?(?:我|本(?:人|系统|服务)|(?:该|这个?|此)(?:问题|内容)).{{0,20}}?{_CANNOT}.{{0,10}}?{_HELP}"
    r"|超出了?我的(?:知识|能力|专业)?范围|我(?:目前)?还?没有学会|(?:根据|按照).{0,20}(?:法律|法规|政策).{0,20}(?:无法|不能|不予)"
    r"|\bI(?:'m| am) sorry,? (?:but )?I\b"
    r"|\bI (?:can(?:not|'t)|am unable to|am not able to) (?:assist|help|provide|answer|fulfil)"
    r"|\bsorry,? I (?:am unable|can)",
    re.I,
)
_UNABLE = ("无法", "不能", "没", "不便", "不可以", "暂", "范围", "不予", "I", "i")
"""Of which one stands in each refusal."""


@dataclass(frozen=True, slots=True)
class Refusal(Rule):
    """No answer: the model says what it is, or that it cannot.

    Attributes:
        longest: a longer answer that also says it cannot is still an answer.
        opening: characters in which a refusal must begin.
    """

    longest: Natural = 150
    opening: Natural = 60

    def check(self, row: RecordRow) -> str | None:
        text = text_of(row, "output").strip()
        if _SELF.search(text):
            return "refusal"
        may = len(text) <= self.longest and any(word in text for word in _UNABLE)
        match = _REFUSAL.search(text) if may else None
        return "refusal" if match and match.start() <= self.opening else None


_BOILERPLATE = re.compile(
    r"(?:以上|本)(?:内容|回答|文章|信息)(?:由|为)\s*(?:AI|人工智能|模型)\s*(?:自动)?生成|由\s*(?:AI|ChatGPT|GPT-?\d)\s*生成"
    r"|请勿(?:透露|提及|泄露).{0,12}(?:参考|文本|提示|指令)|(?:参考|给定|所给|提供的)(?:文本|文档|材料|上下文)(?:中|里)?(?:没有|未|并未)(?:提|给|说)"
    r"|(?:关注|搜索|添加)(?:我们?的?)?(?:微信)?公众号|(?:点击|长按)(?:下方|查看|链接|这里|识别)|扫(?:描)?(?:下方)?二维码"
    r"|本文(?:转载|来源|首发)|版权(?:归|所有)|未经(?:授权|许可).{0,6}(?:转载|复制)|转载请注明|责任编辑|阅读原文"
    r"|以下是(?:我)?(?:为您|根据).{0,12}生成的(?:问题|指令|问答)|^(?:当然(?:可以)?|好的)[，,！!].{0,10}以下是.{0,20}(?:任务|指令|问答对?|题目)[:：]"
    r"|(?:在线|免费)(?:痔疮|不孕|妇科|男科)?(?:医生|专家)?(?:qq|QQ)?咨询(?:电话|热线|QQ|qq)"
)


@dataclass(frozen=True, slots=True)
class Boilerplate(Rule):
    """Words that belong to a page, a prompt or a generator, and not to the answer."""

    def check(self, row: RecordRow) -> str | None:
        return "boilerplate" if _BOILERPLATE.search(text_of(row, "output")) else None
