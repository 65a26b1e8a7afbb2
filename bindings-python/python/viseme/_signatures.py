"""Signatures as `help` shows them, and suggestions for unknown keywords."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ._deferred import when_complete

if TYPE_CHECKING:
    from inspect import Signature

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])


class _LazySignature:
    """A signature that is made when it is read: `inspect` is slow to import."""

    def __init__(self, make: Callable[[], Signature]) -> None:
        self._make = make

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> Any:
            # `inspect` refuses what is no Signature.
            return type(self._make())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)

    def __eq__(self, other: object) -> bool:
        return self._make() == (other._make() if type(other) is _LazySignature else other)

    def __hash__(self) -> int:
        return hash(self._make())

    def __repr__(self) -> str:
        return repr(self._make())

    def __str__(self) -> str:
        return str(self._make())


def keywords(options: type[Any]) -> Callable[[_F], _F]:
    """Show the keywords of a TypedDict in the signature of a function with ``**options``."""

    def decorate(function: _F) -> _F:
        @cache
        def make() -> Signature:
            return _with_keywords(function, options)

        cast("Any", function).__signature__ = _LazySignature(make)
        return function

    return decorate


def _with_keywords(function: Callable[..., Any], options: type[Any]) -> Signature:
    from inspect import Parameter, signature

    given = cast("FunctionType", function)
    # Without the signature that is about to be made.
    plain = FunctionType(given.__code__, given.__globals__, given.__name__, given.__defaults__)
    plain.__kwdefaults__, plain.__annotations__ = given.__kwdefaults__, given.__annotations__
    written = signature(plain)
    known = [it for it in written.parameters.values() if it.kind is not Parameter.VAR_KEYWORD]
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=_default(kind), annotation=kind)
        for name, kind in options.__annotations__.items()
    ]
    return _without_quotes(written.replace(parameters=[*known, *added]))


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
    when_complete(cls, _suggest_fields)
    return cls


def _suggest_fields(cls: Any) -> None:
    from inspect import signature

    written = cls.__init__

    @wraps(written)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in kwargs:
            if name not in cls.__dataclass_fields__:
                raise unknown_keyword(cls, name)
        written(self, *args, **kwargs)

    cast("Any", init).__signature__ = _without_quotes(signature(written))
    cls.__init__ = init


def unknown_keyword(function: Callable[..., Any], name: str, hint: str | None = None) -> TypeError:
    """Return the error of an unknown keyword. Without a hint, it suggests a keyword."""
    from difflib import get_close_matches
    from inspect import signature

    if hint is None:
        close = get_close_matches(name, signature(function).parameters, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else None
    message = f"{function.__qualname__}() got an unexpected keyword argument {name!r}"
    return TypeError(message if hint is None else f"{message}. {hint}")
