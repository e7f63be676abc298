from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def best_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def best_dtype(device: torch.device) -> str:
    """ "bfloat16" where the device computes in it at full speed, else "float32"."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type == "cpu":
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return "bfloat16" if fast else "float32"
    return "float32"


def memory_format(device: torch.device, dtype: str) -> torch.memory_format:
    fast = dtype == "bfloat16" or device.type == "cuda"
    return torch.channels_last if fast else torch.contiguous_format


def autocast(device: torch.device, dtype: str) -> AbstractContextManager[None]:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == "bfloat16")


def instruction_set(device: torch.device) -> str:
    """What equal bytes depend on besides versions: the CPU's vector instructions, or the GPU's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else device.type
