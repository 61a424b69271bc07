"""Where and how computations run: device, number format, threads, seeds, and one at a time on the accelerator."""

import inspect
import random
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial, wraps
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np
import torch

from backends.errors import SettingsError
from backends.settings import settings

P = ParamSpec("P")
R = TypeVar("R")

_accelerator = threading.Lock()


def zero_gpu_active() -> bool:
    """Whether this is a Space on ZeroGPU, where models must be placed on `device()` at module level."""
    return settings().zero_gpu and find_spec("spaces") is not None


if zero_gpu_active():
    import spaces  # on import it lets torch place models on a GPU that is not there yet


@cache
def device() -> torch.device:
    """The device that models run on: the one set by `ATELIER_DEVICE`, or the best that is there.

    Raises:
        SettingsError: if the device that was asked for is not available.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    wanted = settings().device
    if wanted == "auto":
        wanted = next(name for name, there in available.items() if there)
    if not available[wanted]:
        raise SettingsError(f"ATELIER_DEVICE={wanted}, but torch finds no such device here. Use auto or cpu.")
    return torch.device(wanted)


@cache
def dtype() -> torch.dtype:
    """The number format for large models: bfloat16 where the hardware multiplies it natively, else float32.

    Small models stay in float32: they gain nothing, and closeness is tested per model.
    """
    if device().type == "cuda":
        native = torch.cuda.get_device_capability()[0] >= 8
    elif device().type == "cpu":
        # Emulated bfloat16 is slower than float32, so a CPU must have the instructions.
        capabilities = torch.cpu.get_capabilities()
        native = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    else:
        native = False
    return torch.bfloat16 if native else torch.float32


_torch_threads = torch.get_num_threads()  # torch's own choice, before anybody changes it


def set_threads() -> None:
    """Give torch the CPU threads that `ATELIER_THREADS` allows, in the calling thread and in those started later."""
    torch.set_num_threads(settings().threads or _torch_threads)


@contextmanager
def small_model() -> Iterator[None]:
    """Compute a small model inside: on one CPU thread, and with numbers too small to matter taken as 0.

    A model of a few thousand weights only waits for a second thread, and the optimiser's averages of units that never
    fire decay into denormal numbers, with which a CPU computes ten times as slowly. Afterwards threads are as
    `set_threads` has it: what was set before may be another visitor's one thread.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        set_threads()


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators (every device) with `seed`, 0 <= seed < 2**32."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@overload
def gpu(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def gpu(*, seconds: int) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def gpu(function: Callable[P, R] | None = None, /, *, seconds: int = 60) -> Any:
    """Decorate a function or a generator function that runs on the accelerator, one at a time in this process.

    On ZeroGPU that is `spaces.GPU`, with `seconds` as the longest time one call may take; elsewhere it is a lock.
    A generator holds the lock while it computes and not while its listener looks at what it yielded, so nobody who
    pauses or leaves can block the others. Each generator keeps its own state of torch's global random numbers over
    those pauses, so its result does not depend on who else computes. Do not nest: the lock is not re-entrant.
    """
    if function is None:
        return partial(_on_accelerator, seconds=seconds)
    return _on_accelerator(function, seconds=seconds)


def _on_accelerator(function: Callable[..., Any], *, seconds: int) -> Callable[..., Any]:
    if zero_gpu_active():
        return _elsewhere(function, partial(spaces.GPU, duration=seconds))
    return _in_turn(function) if inspect.isgeneratorfunction(function) else _alone(function)


@dataclass(frozen=True, slots=True)
class _Returned:
    """A generator's return value on its way out of another process."""

    value: Any


def _elsewhere(function: Callable[..., Any], decorate: Callable[..., Any]) -> Callable[..., Any]:
    """`function` decorated by one that runs it in another process, out of which generators bring only what they yield.

    The return value therefore travels as the last item.
    """
    if not inspect.isgeneratorfunction(function):
        elsewhere: Callable[..., Any] = decorate(function)
        return elsewhere

    @wraps(function)
    def telling(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        yield _Returned((yield from function(*args, **kwargs)))

    stream = decorate(telling)

    @wraps(function)
    def here(*args: Any, **kwargs: Any) -> Generator[Any, None, Any]:
        items = stream(*args, **kwargs)
        try:
            for item in items:
                if isinstance(item, _Returned):
                    return item.value
                yield item
        finally:
            items.close()
        return None

    return here


def _alone(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with _accelerator:
            return function(*args, **kwargs)

    return locked


def _in_turn(function: Callable[P, Generator[Any, None, Any]]) -> Callable[P, Generator[Any, None, Any]]:
    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, None, Any]:
        steps = function(*args, **kwargs)
        own = _random_state()
        try:
            while True:
                with _accelerator:
                    others = _random_state()
                    _set_random_state(own)
                    try:
                        item = next(steps)
                    except StopIteration as stop:
                        return stop.value
                    finally:
                        own = _random_state()
                        _set_random_state(others)
                yield item
        finally:
            steps.close()

    return locked


_RandomState = tuple[torch.Tensor, list[torch.Tensor]]


def _random_state() -> _RandomState:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), cuda


def _set_random_state(state: _RandomState) -> None:
    torch.set_rng_state(state[0])
    if state[1]:
        torch.cuda.set_rng_state_all(state[1])
