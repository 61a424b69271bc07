"""The one place where what a backend raises becomes what a person reads."""

import html
import inspect
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr

from backends.errors import AtelierError

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

_OURS = "This is a fault of the page, not yours, and it has been logged. Other inputs may still work."


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """Let `function`, a handler of an event or an endpoint, report its failures as toasts.

    An `AtelierError` is shown with its title and message; whatever else goes wrong is logged and shown as a polite
    sentence that gives nothing away. Works for functions and generator functions, and keeps name, docstring and
    annotations, of which Gradio makes the documentation of the endpoint.
    """
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def stream(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, None, Any]:
            with _reported(function):
                return (yield from function(*args, **kwargs))

        return cast(Callable[P, R], stream)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _reported(function):
            return function(*args, **kwargs)

    return call


def caution(message: str) -> None:
    """Shows `message` as a toast and lets what goes on go on; for links that ask for what is not there."""
    gr.Warning(html.escape(message, quote=False))


@contextmanager
def _reported(function: Callable[..., Any]) -> Iterator[None]:
    try:
        yield
    except AtelierError as error:
        raise _toast(str(error), error.title) from error
    except gr.Error:
        raise
    except Exception as error:
        _log.exception("%s failed", getattr(function, "__qualname__", function))
        raise _toast(_OURS, "Something went wrong") from error


def _toast(message: str, title: str) -> gr.Error:
    # Toasts are rendered as HTML, and a message may repeat what a visitor typed.
    return gr.Error(html.escape(message, quote=False), title=html.escape(title, quote=False), print_exception=False)
