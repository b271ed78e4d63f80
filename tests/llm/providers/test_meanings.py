"""Providers' errors as they write them: codes count first, words only where the status allows it."""

import pytest

from hypnos.llm.providers.meanings import meaning_of, message_of

OPENAI_PACE = (
    "Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used 3, Requested 1. Please"
    " try again in 20s. You can increase your rate limit by adding a payment method to your account at"
    " https://platform.openai.com/account/billing."
)
GOOGLE = "You exceeded your current quota, please check your plan and billing details."


class Answered(Exception):
    def __init__(self, status, body):
        super().__init__(f"SomeException - {body}")
        self.status_code = status
        self.body = body


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (429, {"code": "rate_limit_exceeded", "type": "requests", "message": OPENAI_PACE}, "busy"),
        (429, {"message": OPENAI_PACE}, "busy"),
        (429, {"code": "insufficient_quota", "message": GOOGLE}, "money"),
        (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": GOOGLE}}, "busy"),
        (429, {"error": {"type": "exceeded_current_quota_error", "message": "suspended"}}, "money"),
        (429, {"error": {"type": "engine_overloaded_error", "message": "busy"}}, "busy"),
        (429, {"code": "1302", "message": "您的账户已达到速率限制"}, "busy"),
        (429, {"code": "1113", "message": "您的账户已欠费，请充值后重试。"}, "money"),
        (429, {"message": "您的账户已欠费，请充值后重试。"}, "money"),
        (
            400,
            {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
            "money",
        ),
        (400, {"message": "Your credit balance is too low to access the API."}, "money"),
        (500, {"message": "用户额度不足"}, "money"),
        (403, {"code": "AllocationQuota.FreeTierOnly", "message": "The free tier is exhausted."}, "money"),
        (403, {"code": "insufficient_user_quota", "message": "剩余额度: 0"}, "money"),
        (400, {"code": "1211", "message": "模型不存在，请检查模型代码。"}, "model"),
        (503, {"code": "model_not_found", "message": "当前分组下对于模型 x 无可用渠道"}, "model"),
        (400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}, "filter"),
        (400, {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}, "filter"),
        (400, {"message": "Content Exists Risk"}, "filter"),
        (400, {"code": "SensitiveContentDetected", "message": "x"}, "filter"),
        (400, {"code": "context_length_exceeded", "message": "too many"}, "long"),
        (400, {"code": "invalid_parameter_error", "message": "parameter.enable_thinking must be set to false"}, None),
        (401, {"code": "invalid_api_key", "message": "no"}, "key"),
        (503, {"message": "The server is loading the model"}, "busy"),
        (500, {"message": "model m does not exist in the cache"}, None),
        (400, "no body at all", None),
    ],
)
def test_what_an_answer_means(status, body, meaning):
    error = Answered(status, body)
    assert meaning_of(error, status, str(error)) == meaning


def test_a_code_is_read_out_of_json_that_a_message_quotes():
    error = Exception('Hosted_vllmException - {"error": {"code": "Arrearage", "message": "欠费"}}')
    assert meaning_of(error, 400, str(error)) == "money"
    assert message_of(error, str(error)) == "欠费"


def test_a_code_within_a_reply_of_status_200_counts():
    error = Answered("1113", None)  # litellm puts the code in the place of the status
    assert meaning_of(error, None, "您的账户已欠费，请充值后重试。") == "money"
