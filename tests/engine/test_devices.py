import logging
import warnings

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from generation.engine import devices
from generation.engine import trainer as trainer_module
from generation.engine.devices import DeviceError, best_device, best_dtype, named_device, trouble_with
from generation.engine.trainer import Trainer


@pytest.fixture(autouse=True)
def _chosen_anew():
    best_device.cache_clear()
    yield
    best_device.cache_clear()


@pytest.fixture
def gpu(monkeypatch):
    """A CUDA GPU as far as PyTorch says; what is computed on it is computed here."""
    compute = devices._compute_a_little
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_compute_a_little", lambda device: compute(torch.device("cpu")))
    monkeypatch.setattr(devices, "best_dtype", lambda device: "bfloat16")


def test_a_gpu_that_computes_is_chosen_and_the_log_says_so_once(gpu, caplog):
    with caplog.at_level(logging.INFO, "generation.engine.devices"):
        assert best_device() == best_device() == torch.device("cuda")
    assert caplog.messages == ["computing on cuda in bfloat16: it is the fastest here"]


def test_a_gpu_that_vanished_gives_way_to_the_cpu_with_the_reason(gpu, monkeypatch, caplog):
    def vanish(device):
        raise RuntimeError("CUDA error: device is lost\nCUDA kernel errors might be reported later.")

    monkeypatch.setattr(devices, "_compute_a_little", vanish)
    with caplog.at_level(logging.INFO, "generation.engine.devices"):
        assert best_device() == torch.device("cpu")
    assert "cuda is there but does not compute (CUDA error: device is lost)" in caplog.messages[0]


def test_a_driver_too_old_gives_way_to_the_cpu_with_the_reason(monkeypatch, caplog):
    def unavailable():
        warnings.warn("CUDA initialization: The NVIDIA driver on your system is too old.", UserWarning, stacklevel=1)
        return False

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    with caplog.at_level(logging.INFO, "generation.engine.devices"):
        assert best_device() == torch.device("cpu")
    assert "driver on your system is too old" in caplog.messages[0]


def test_without_a_gpu_the_log_says_why_it_is_the_cpu(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with caplog.at_level(logging.INFO, "generation.engine.devices"):
        assert best_device() == torch.device("cpu")
    assert "CUDA" in caplog.messages[0]
    assert "Apple GPU" in caplog.messages[0]


def test_who_names_a_device_does_not_get_another(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("abacus", "meta", "cuda"):
        with pytest.raises(DeviceError, match=name):
            named_device(name)
    assert named_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("avx512", "amx", "dtype"), [(True, False, "bfloat16"), (False, True, "bfloat16"), (False, False, "float32")]
)
def test_a_cpu_takes_bfloat16_where_it_has_instructions_for_it(monkeypatch, avx512, amx, dtype):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert best_dtype(torch.device("cpu")) == dtype


def test_bfloat16_that_a_gpu_only_imitates_is_not_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device", lambda device: warnings.catch_warnings())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert best_dtype(torch.device("cuda")) == "float32"


def test_every_kind_of_lack_of_memory_is_known():
    assert devices.ran_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
    assert devices.ran_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"))
    assert devices.ran_out_of_memory(MemoryError())
    assert not devices.ran_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_little_is_computed_to_see_whether_a_device_works(monkeypatch):
    devices._compute_a_little(torch.device("cpu"))
    with pytest.raises(RuntimeError):
        devices._compute_a_little(torch.device("meta"))
    assert trouble_with("cpu") is None


def test_convolutions_are_repeatable_only_where_asked():
    with devices.fastest_convolutions():
        assert torch.backends.cudnn.benchmark
        with devices.same_convolutions():
            assert torch.backends.cudnn.deterministic
            assert not torch.backends.cudnn.benchmark
        assert torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.benchmark


class Reads(TorchDispatchMode):
    """Counts how often a number is read back from the device: on a GPU each time waits for all work before it."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


def test_steps_read_nothing_back_but_what_adapts_the_augmentation(shapes, tiny):
    trainer = Trainer(shapes, tiny(), torch.device("cpu"))
    with Reads() as reads:
        for _ in range(4):
            trainer.step()
    assert reads.count == 1


def test_random_numbers_are_drawn_on_the_device(shapes, tiny, monkeypatch):
    asked = []
    monkeypatch.setattr(trainer_module, "seeded", lambda *given: asked.append(given[-1]) or torch.Generator())
    trainer = Trainer(shapes, tiny(), torch.device("cpu"))
    trainer.device = torch.device("cuda:1")
    trainer._random("step", 0)
    assert asked[-1] == torch.device("cuda:1")
