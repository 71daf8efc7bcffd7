"""Numbers of sixteen bits where the hardware multiplies them faster."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "sdpa_float32"


def has_bf16(device: torch.device) -> bool:
    """Whether a device has units of its own for products of bfloat16: newer GPUs, processors with AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def bf16_products(device: torch.device, *, enabled: bool) -> torch.autocast:
    """Give a context in which a network's products take bfloat16 and its weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def keep_attention_exact(decoder: PreTrainedModel) -> None:
    """Let a decoder attend in float32 also among products of bfloat16.

    On a processor the attention of PyTorch takes three times as long there and back in bfloat16; its
    products are too small to gain what the conversions cost.
    """
    if decoder.config._attn_implementation == "sdpa":
        decoder.set_attn_implementation(ATTENTION)


def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
) -> Any:
    with torch.autocast(query.device.type, enabled=False):
        return sdpa_attention_forward(module, query.float(), key.float(), value.float(), mask, **options)


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
