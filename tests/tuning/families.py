"""Small models of other families than Llama, each with what is special in it."""

from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

SMALL: dict[str, Any] = {
    "vocab_size": 1500,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    "initializer_range": 0.2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
LATENT = {"kv_lora_rank": 16, "q_lora_rank": 16, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 8}
LOCAL_AND_GLOBAL = ["sliding_attention", "full_attention"]
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 4096}
MAMBA = {"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1}
DELTA = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}

SUPPORTED: dict[str, tuple[str, dict[str, Any]]] = {
    "Llama": ("llama", {}),
    "Mistral, windowed": ("mistral", {"sliding_window": 6}),
    "Qwen 2.5, windowed": ("qwen2", {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}),
    "Qwen 3": ("qwen3", {}),
    "Qwen 3, experts": ("qwen3_moe", EXPERTS),
    "Gemma 2": ("gemma2", {"sliding_window": 6, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 2.0}),
    "Gemma 3": ("gemma3_text", {"sliding_window": 6, "query_pre_attn_scalar": 8, "layer_types": LOCAL_AND_GLOBAL}),
    "Phi 3": ("phi3", {"sliding_window": 6}),
    "GLM 4": ("glm4", {}),
    "InternLM": ("llama", {"attention_bias": True}),  # Llama with biases, as its converters write it
    "DeepSeek V3": (
        "deepseek_v3",
        {"num_key_value_heads": 4, "head_dim": 4, "n_routed_experts": 4, "n_group": 2, "topk_group": 2}
        | {"num_experts_per_tok": 2, "moe_intermediate_size": 24, "first_k_dense_replace": 1, "n_shared_experts": 1}
        | LATENT,
    ),
    "GPT-OSS": ("gpt_oss", {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 6}),
    "GPT-NeoX": ("gpt_neox", {}),
    "GPT-2": ("gpt2", GPT2),
    "Persimmon": ("persimmon", {}),
}
"""Trained on packed rows: transformers' name of the kind, and what is special."""

ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    "LFM 2": ("lfm2", {"layer_types": ["conv", "full_attention"]}),
    "Falcon H1": ("falcon_h1", MAMBA),
    "Qwen 3 Next": (
        "qwen3_next",
        EXPERTS
        | DELTA
        | {"shared_expert_intermediate_size": 24, "layer_types": ["linear_attention", "full_attention"]},
    ),
    "BLOOM": ("bloom", {"n_layer": 2, "n_head": 4}),
    "MPT": ("mpt", {"d_model": 32, "n_heads": 4, "n_layers": 2}),
    "Falcon": ("falcon", {"alibi": False, "multi_query": True}),
}
"""Trained on a row for each document."""


def make_config(family: str, *, tied: bool = False) -> PretrainedConfig:
    kind, special = (SUPPORTED | ALONE)[family]
    settings = {**SMALL, **special, "tie_word_embeddings": tied}
    if kind == "falcon":  # these are computed there
        settings = {name: value for name, value in settings.items() if name not in ("head_dim", "num_key_value_heads")}
    return CONFIG_MAPPING[kind](**settings)


def make_model(family: str, *, tied: bool = False) -> PreTrainedModel:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(make_config(family, tied=tied)).eval()
