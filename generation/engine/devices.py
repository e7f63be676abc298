"""Which device computes, in which numbers. Bytes are promised equal on one kind of device, not across kinds."""

from __future__ import annotations

import logging
import warnings
from contextlib import AbstractContextManager
from functools import cache

import torch
from torch.nn import functional as F

logger = logging.getLogger(__name__)

KINDS = ("cuda", "mps", "cpu")
# What PyTorch and its allocators say, in words alone, where memory was not enough.
SIGNS_OF_LITTLE_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


class DeviceError(Exception):
    """A device that was asked for by name and cannot be used; the message says why."""


@cache
def best_device() -> torch.device:
    """The fastest device that really computes, found once in a process; the log says which and why."""
    reasons: list[str] = []
    for kind in KINDS:
        device, trouble = torch.device(kind), trouble_with(kind)
        if trouble is None:
            because = "; ".join(reasons) or "it is the fastest here"
            logger.info("computing on %s in %s: %s", device, best_dtype(device), because)
            return device
        reasons.append(trouble)
    raise DeviceError("; ".join(reasons))


def chosen_device(name: str | None) -> torch.device:
    """The named one, or the fastest that works. Raises DeviceError."""
    return named_device(name) if name else best_device()


def named_device(name: str) -> torch.device:
    """Such as "cpu", "cuda", "cuda:1" or "mps". Raises DeviceError: who names a device does not want another."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"{name} is not a device; say cpu, cuda, cuda:1 or mps") from error
    if device.type not in KINDS:
        raise DeviceError(f"{name} is not a device to train on; say cpu, cuda, cuda:1 or mps")
    trouble = trouble_with(name)
    if trouble is not None:
        raise DeviceError(f"{name} cannot be used: {trouble}")
    logger.info("computing on %s in %s: it was asked for", device, best_dtype(device))
    return device


def trouble_with(name: str) -> str | None:
    """Why this device cannot be used, or None. A GPU counts only once it has computed something."""
    kind = name.partition(":")[0]
    if kind == "cpu":
        return None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if kind == "cuda" and not torch.cuda.is_available():
            return _why_no_cuda([str(warning.message) for warning in told])
        if kind == "mps" and not torch.backends.mps.is_available():
            return "no Apple GPU that PyTorch can use"
        try:
            _compute_a_little(torch.device(name))
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            return f"{name} is there but does not compute ({_first_line(error)})"
    return None


def _why_no_cuda(told: list[str]) -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built without CUDA"
    # A driver that is too old or does not answer is told in a warning, and the answer is just "not available".
    return f"CUDA does not start ({_first_line(told[-1])})" if told else "no CUDA GPU"


def _compute_a_little(device: torch.device) -> None:
    """A convolution, read back: finds a GPU that vanished, and one too old or too new for this PyTorch."""
    ones = torch.ones(1, 1, 8, 8, device=device)
    F.conv2d(ones, ones[:, :, :3, :3]).sum().item()


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def best_dtype(device: torch.device) -> str:
    """ "bfloat16" where the device computes in it at full speed, else "float32"."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = device.type == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return "bfloat16" if fast else "float32"


def memory_format(device: torch.device) -> torch.memory_format:
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def autocast(device: torch.device, dtype: str) -> AbstractContextManager[None]:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == "bfloat16")


def fastest_convolutions() -> AbstractContextManager[None]:
    """cuDNN tries its algorithms at each new shape and keeps the fastest; nothing happens on other devices."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, deterministic=False, allow_tf32=True)


def same_convolutions() -> AbstractContextManager[None]:
    """cuDNN takes the same algorithm in every process, so that a GPU makes the same bytes again."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def wait_for(device: torch.device) -> None:
    """Until all that was asked of it is done, as clocks must; a CPU has done it when it answers."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def failed(error: BaseException) -> bool:
    """Whether the device itself broke down in the middle, such as a GPU that fell off its bus."""
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)


def ran_out_of_memory(error: BaseException) -> bool:
    told = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(sign in told for sign in SIGNS_OF_LITTLE_MEMORY)
    )


def instruction_set(device: torch.device) -> str:
    """What equal bytes depend on besides versions: the CPU's vector instructions, or the GPU's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else device.type
