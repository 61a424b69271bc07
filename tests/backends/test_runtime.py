"""The runtime: the device that was asked for, seeds that hold, and one computation at a time on the accelerator."""

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from backends import runtime
from backends.errors import SettingsError
from backends.settings import settings


@pytest.fixture
def choose(fresh_settings: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A monkeypatch for the environment, with the device looked up anew."""
    runtime.device.cache_clear()
    runtime.dtype.cache_clear()
    yield fresh_settings
    runtime.device.cache_clear()
    runtime.dtype.cache_clear()


def test_the_cpu_can_always_be_had(choose: pytest.MonkeyPatch) -> None:
    choose.setenv("ATELIER_DEVICE", "cpu")
    assert runtime.device() == torch.device("cpu")
    assert runtime.dtype() in (torch.float32, torch.bfloat16)


def test_a_device_that_is_not_there_is_an_error(choose: pytest.MonkeyPatch) -> None:
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    choose.setenv("ATELIER_DEVICE", missing)
    with pytest.raises(SettingsError, match=f"ATELIER_DEVICE={missing}"):
        runtime.device()


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": True}, torch.bfloat16)],
)
def test_a_cpu_uses_bfloat16_where_it_has_instructions_for_it(
    choose: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: torch.dtype
) -> None:
    choose.setenv("ATELIER_DEVICE", "cpu")
    choose.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert runtime.dtype() == expected


def test_threads_are_limited_to_the_setting(fresh_settings: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        runtime.set_threads()
        assert torch.get_num_threads() == before
        fresh_settings.setenv("ATELIER_THREADS", "1")
        settings.cache_clear()
        runtime.set_threads()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_seed_fixes_torch_and_numpy() -> None:
    draws = []
    for _ in range(2):
        runtime.seed_everything(5)
        draws.append((torch.rand(3).tolist(), np.random.rand(3).tolist()))
    assert draws[0] == draws[1]


def test_functions_on_the_accelerator_run_one_at_a_time() -> None:
    inside, most = 0, 0
    entered, leave = threading.Event(), threading.Event()

    @runtime.gpu
    def compute() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        entered.set()
        leave.wait(timeout=10)
        inside -= 1

    threads = [threading.Thread(target=compute) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert entered.wait(timeout=10)
    leave.set()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


@runtime.gpu(seconds=5)
def _draws(seed: int, count: int) -> Generator[float, None, str]:
    """Numbers drawn one at a time."""
    torch.manual_seed(seed)
    for _ in range(count):
        yield torch.rand(1).item()
    return "done"


def test_a_generator_returns_its_value_and_keeps_its_name() -> None:
    def outer() -> Generator[float, None, str]:
        return (yield from _draws(1, 2))

    work = outer()
    assert len([next(work), next(work)]) == 2
    with pytest.raises(StopIteration) as stop:
        next(work)
    assert stop.value.value == "done"
    assert (_draws.__name__, _draws.__doc__) == ("_draws", "Numbers drawn one at a time.")


def test_generators_that_take_turns_draw_as_if_they_were_alone() -> None:
    alone = {seed: list(_draws(seed, 4)) for seed in (1, 2)}
    torch.manual_seed(99)
    outside = torch.rand(1).item()
    torch.manual_seed(99)
    first, second = _draws(1, 4), _draws(2, 4)
    together = [(next(first), next(second)) for _ in range(4)]
    assert [pair[0] for pair in together] == alone[1]
    assert [pair[1] for pair in together] == alone[2]
    assert torch.rand(1).item() == outside


def test_a_generator_that_is_left_blocks_nobody() -> None:
    @runtime.gpu
    def answer() -> int:
        return 42

    left = _draws(1, 4)
    next(left)
    assert answer() == 42
    left.close()
    assert answer() == 42


def test_an_error_frees_the_accelerator() -> None:
    @runtime.gpu
    def fail() -> None:
        raise ArithmeticError

    for _ in range(2):
        with pytest.raises(ArithmeticError):
            fail()


def test_zero_gpu_needs_both_the_flag_and_the_package(fresh_settings: pytest.MonkeyPatch) -> None:
    assert not runtime.zero_gpu_active()
    fresh_settings.setenv("SPACES_ZERO_GPU", "true")
    settings.cache_clear()
    fresh_settings.setattr(runtime, "find_spec", lambda name: None)
    assert not runtime.zero_gpu_active()
    fresh_settings.setattr(runtime, "find_spec", lambda name: object())
    assert runtime.zero_gpu_active()


def _in_another_process(function: Callable[..., Any]) -> Callable[..., Any]:
    """Passes on what the generator yields and drops what it returns, as the `spaces` package does."""

    def stream(*args: Any) -> Generator[Any, None, None]:
        for item in function(*args):  # noqa: UP028 - `yield from` would keep the return value
            yield item

    return stream


def test_a_generators_result_comes_out_of_another_process() -> None:
    def count(to: int) -> Generator[int, None, str]:
        yield from range(to)
        return "done"

    steps = runtime._elsewhere(count, _in_another_process)(3)
    assert [next(steps), next(steps), next(steps)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == "done"


def test_closing_reaches_the_generator_in_the_other_process() -> None:
    closed = []

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    steps = runtime._elsewhere(endless, _in_another_process)()
    next(steps)
    steps.close()
    assert closed == [True]
