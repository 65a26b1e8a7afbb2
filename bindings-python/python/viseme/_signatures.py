"""Signatures as `help` shows them, and suggestions for unknown keywords."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar, cast

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])


def keywords(options: type[Any]) -> Callable[[_F], _F]:
    """Show the keywords of a TypedDict in the signature of a function with ``**options``."""

    def decorate(function: _F) -> _F:
        written = signature(function)
        known = [it for it in written.parameters.values() if it.kind is not Parameter.VAR_KEYWORD]
        added = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=_default(kind), annotation=kind)
            for name, kind in options.__annotations__.items()
        ]
        cast("Any", function).__signature__ = _without_quotes(
            written.replace(parameters=[*known, *added])
        )
        return function

    return decorate


class _Annotation(str):
    """An annotation as text. `help` shows it without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _annotation(kind: Any) -> Any:
    text = getattr(kind, "__forward_arg__", kind)
    return _Annotation(text) if isinstance(text, str) else text


def _without_quotes(written: Signature) -> Signature:
    """Return a signature whose annotations `help` shows without quotes."""
    parameters = [
        it.replace(annotation=_annotation(it.annotation)) for it in written.parameters.values()
    ]
    return written.replace(
        parameters=parameters, return_annotation=_annotation(written.return_annotation)
    )


def _default(kind: Any) -> bool | None:
    """Return the default of an option. None is the default of those that can be None."""
    return False if _annotation(kind) == "bool" else None


def suggest_fields(cls: type[_T]) -> type[_T]:
    """Make a dataclass suggest the field that was meant if a keyword is unknown."""
    written = cast("Any", cls).__init__

    @wraps(written)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in kwargs:
            if name not in cast("Any", cls).__dataclass_fields__:
                raise unknown_keyword(cls, name)
        written(self, *args, **kwargs)

    cast("Any", init).__signature__ = _without_quotes(signature(written))
    cast("Any", cls).__init__ = init
    return cls


def unknown_keyword(function: Callable[..., Any], name: str, hint: str | None = None) -> TypeError:
    """Return the error of an unknown keyword. Without a hint, it suggests a keyword."""
    from difflib import get_close_matches

    if hint is None:
        close = get_close_matches(name, signature(function).parameters, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else None
    message = f"{function.__qualname__}() got an unexpected keyword argument {name!r}"
    return TypeError(message if hint is None else f"{message}. {hint}")
