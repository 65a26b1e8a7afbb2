"""Settings of clients and options of calls: their types, and how they are checked and encoded.

Every name and value is checked here, so that errors use the names and units of Python.
"""

from __future__ import annotations

import math
import operator
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from inspect import Parameter as Argument
from inspect import signature
from typing import Any, Literal, TypedDict, TypeVar, cast, get_args

from ._errors import VisemeError, make_error

Tier = Literal["bronze", "silver", "gold", "ultra"]
"""A tier of account."""


@dataclass(frozen=True)
class Pacing:
    """When to poll a running job. Times are in seconds."""

    interval: float
    """The time from the first poll to the second."""
    first: float | None = None
    """The time from the submit to the first poll. Default `interval`."""
    growth: float = 1.0
    """The factor by which each further interval grows."""
    max: float | None = None
    """The longest interval. Default `interval`."""
    jitter: float = 0.1
    """The random share of an interval, from 0 (none) to 1."""


@dataclass(frozen=True)
class Backoff:
    """The delays before retries, in seconds."""

    base: float = 1.0
    """The first delay. It doubles with each failure."""
    max: float = 30.0
    """The longest delay."""


@dataclass(frozen=True)
class SubmitLimits:
    """The limits of an account's tier."""

    per_minute: int
    """Submits per minute."""
    concurrent: int
    """Jobs at the same time."""


class ClientSettings(TypedDict, total=False):
    """The settings of :class:`Client` and :class:`AsyncClient`. Times are in seconds."""

    api_key: str | None
    base_url: str | None
    anonymous: bool
    ignore_env: bool
    allow_http: bool | None
    timeout: float | None
    connect_timeout: float | None
    request_timeout: float | None
    stall_timeout: float | None
    pacing: Pacing | float | None
    max_polls_per_second: float | None
    max_connections: int | None
    max_poll_failures: int | None
    max_submit_attempts: int | None
    backoff: Backoff | None
    max_retry_after: float | None
    recovery_window: float | None
    submit_limits: SubmitLimits | Tier | None
    proxy: str | None
    ca_bundle: str | os.PathLike[str] | None
    check_remote_media: bool | None
    remote_check_timeout: float | None
    allow_private_addresses: bool | None
    client_name: str | None
    user_agent: str | None


class SubmitOptions(TypedDict, total=False):
    """The options that ``submit``, ``run`` and ``run_many`` share."""

    check_media: bool | None
    strict: bool | None
    validate: bool | None
    sync: bool | None
    base64: bool | None
    webhook: str | None


class RunOptions(SubmitOptions, total=False):
    """The options of ``run`` and ``run_many``. Times are in seconds."""

    timeout: float | None


@dataclass(frozen=True)
class Parameter:
    """How the value of a parameter is checked and encoded."""

    encode: Callable[[Any], Any]
    """Returns the encoded value, or raises."""
    expected: str
    """What is allowed, to complete "must be …"."""
    is_secret: bool = False
    """Whether an error must not show the value."""
    suffix: str = ""
    """The end of the encoded name: its unit."""


def _require(allowed: bool) -> None:
    if not allowed:
        raise ValueError


def _encode_number(value: Any) -> float:
    _require(hasattr(value, "__float__") and not isinstance(value, bool))
    return float(value)


def _encode_seconds(value: Any) -> float:
    seconds = _encode_number(value)
    _require(seconds >= 0)
    # JSON has no number for infinity; the largest number has the same effect.
    return min(seconds * 1000, sys.float_info.max)


def _encode_rate(value: Any) -> float:
    rate = _encode_number(value)
    _require(rate > 0 and math.isfinite(rate))
    return rate


def _encode_factor(value: Any) -> float:
    factor = _encode_number(value)
    _require(factor >= 1 and math.isfinite(factor))
    return factor


def _encode_share(value: Any) -> float:
    share = _encode_number(value)
    _require(0 <= share <= 1)
    return share


def _encode_integer(value: Any, least: int, most: int) -> int:
    _require(hasattr(value, "__index__") and not isinstance(value, bool))
    number = operator.index(value)
    _require(least <= number <= most)
    return number


def _encode_bool(value: Any) -> bool:
    _require(isinstance(value, bool))
    return bool(value)


def _encode_text(value: Any) -> str:
    _require(isinstance(value, str))
    # Text that is not Unicode raises here.
    value.encode()
    return str(value)


def _encode_path(value: Any) -> str:
    _require(isinstance(value, (str, os.PathLike)))
    return os.fsdecode(value)


def _encode_moment(value: Any) -> float:
    _require(isinstance(value, datetime))
    # Without a time zone it is local time.
    return float(value.timestamp()) * 1000


def _encode_texts(value: Any) -> list[str]:
    _require(isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)))
    texts = [value] if isinstance(value, str) else list(cast("Iterable[Any]", value))
    return list(map(_encode_text, texts))


SECONDS = Parameter(_encode_seconds, "a non-negative number of seconds", suffix="Ms")
RATE = Parameter(_encode_rate, "a positive number")
COUNT = Parameter(lambda it: _encode_integer(it, 1, 2**32 - 1), "a positive whole number")
SIZE = Parameter(lambda it: _encode_integer(it, 0, 2**63 - 1), "a non-negative number of bytes")
BOOL = Parameter(_encode_bool, "True or False")
TEXT = Parameter(_encode_text, "text")
SECRET = Parameter(_encode_text, "text", is_secret=True)
PATH = Parameter(_encode_path, "a path")
MOMENT = Parameter(_encode_moment, "a datetime")
TEXTS = Parameter(_encode_texts, "text, or an iterable of text")

_PACING = {
    "interval": SECONDS,
    "first": SECONDS,
    "growth": Parameter(_encode_factor, "a number of at least 1"),
    "max": SECONDS,
    "jitter": Parameter(_encode_share, "a number from 0 to 1"),
}
_BACKOFF = {"base": SECONDS, "max": SECONDS}
_SUBMIT_LIMITS = {"per_minute": COUNT, "concurrent": COUNT}


def _encode_pacing(value: Any) -> Any:
    if isinstance(value, Pacing):
        return _encode_fields("pacing", value, _PACING)
    return {"intervalMs": _encode_seconds(value)}


def _encode_backoff(value: Any) -> Any:
    _require(isinstance(value, Backoff))
    return _encode_fields("backoff", value, _BACKOFF)


def _encode_limits(value: Any) -> Any:
    if isinstance(value, SubmitLimits):
        return _encode_fields("submit_limits", value, _SUBMIT_LIMITS)
    _require(value in get_args(Tier))
    return value


_TIERS = ", ".join(map(repr, get_args(Tier)))

SETTINGS: dict[str, Parameter] = {
    "api_key": SECRET,
    "base_url": TEXT,
    "anonymous": BOOL,
    "ignore_env": BOOL,
    "allow_http": BOOL,
    "timeout": SECONDS,
    "connect_timeout": SECONDS,
    "request_timeout": SECONDS,
    "stall_timeout": SECONDS,
    "pacing": Parameter(_encode_pacing, "a Pacing or a non-negative number of seconds"),
    "max_polls_per_second": RATE,
    "max_connections": COUNT,
    "max_poll_failures": COUNT,
    "max_submit_attempts": COUNT,
    "backoff": Parameter(_encode_backoff, "a Backoff"),
    "max_retry_after": SECONDS,
    "recovery_window": SECONDS,
    "submit_limits": Parameter(_encode_limits, f"a SubmitLimits or one of {_TIERS}"),
    "proxy": SECRET,
    "ca_bundle": PATH,
    "check_remote_media": BOOL,
    "remote_check_timeout": SECONDS,
    "allow_private_addresses": BOOL,
    "client_name": TEXT,
    "user_agent": TEXT,
}
"""The settings of a client."""

SUBMIT_OPTIONS: dict[str, Parameter] = {
    "check_media": BOOL,
    "strict": BOOL,
    "validate": BOOL,
    "sync": BOOL,
    "base64": BOOL,
    "webhook": TEXT,
}
"""The options of a submit."""

RUN_OPTIONS: dict[str, Parameter] = {**SUBMIT_OPTIONS, "timeout": SECONDS}
"""The options of a run."""


def encode_settings(client: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check and encode the settings of a client. Raises a ConfigError that names the setting."""
    settings = _encode_keywords(client, given, SETTINGS, "config")
    ignore_env = settings.pop("ignoreEnv", False)
    return {"env": {} if ignore_env else environment(), "settings": settings}


def environment() -> dict[str, str]:
    """Return the environment variables that a client reads."""
    return {name: text for name, text in os.environ.items() if name.startswith("WAVESPEED_")}


def encode_options(
    function: Callable[..., Any], given: Mapping[str, Any], parameters: Mapping[str, Parameter]
) -> dict[str, Any]:
    """Check and encode the keywords of a function. Raises an InputError that names the keyword."""
    return _encode_keywords(function, given, parameters, "invalid_input")


def _encode_keywords(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    code: str,
) -> dict[str, Any]:
    for name in given:
        if name not in parameters:
            raise _unknown_keyword(function, name)
    return encode_values(given, parameters, code=code)


def encode_values(
    given: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    *,
    prefix: str = "",
    code: str = "invalid_input",
) -> dict[str, Any]:
    """Check and encode the values that are not None. Raises an error that names the parameter."""
    encoded: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None:
            parameter = parameters[name]
            key = _camel_case(name) + parameter.suffix
            encoded[key] = encode_value(prefix + name, value, parameter, code=code)
    return encoded


def encode_value(
    name: str, value: object, parameter: Parameter, *, code: str = "invalid_input"
) -> Any:
    """Check and encode one value. Raises an error with the code that names the parameter."""
    try:
        return parameter.encode(value)
    except VisemeError as error:
        # It names a part of the value.
        raise make_error(code, error.message) from None
    except (TypeError, ValueError, OverflowError):
        shown = f"a {type(value).__name__}" if parameter.is_secret else show(value)
        message = f"`{name}` must be {parameter.expected}, got {shown}."
        raise make_error(code, message) from None


def _encode_fields(name: str, value: object, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    return encode_values(vars(value), parameters, prefix=f"{name}.")


def _camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def show(value: object) -> str:
    """Return the value as it appears in an error message."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"


_F = TypeVar("_F", bound=Callable[..., Any])


def keywords(options: type[Any]) -> Callable[[_F], _F]:
    """Show the keywords of a TypedDict in the signature of a function with ``**options``."""

    def decorate(function: _F) -> _F:
        written = signature(function)
        known = [it for it in written.parameters.values() if it.kind is not Argument.VAR_KEYWORD]
        added = [
            Argument(name, Argument.KEYWORD_ONLY, default=None, annotation=_annotation(kind))
            for name, kind in options.__annotations__.items()
        ]
        cast("Any", function).__signature__ = written.replace(parameters=[*known, *added])
        return function

    return decorate


def _annotation(kind: Any) -> Any:
    return getattr(kind, "__forward_arg__", kind)


def _unknown_keyword(function: Callable[..., Any], name: str) -> TypeError:
    from difflib import get_close_matches

    close = get_close_matches(name, signature(function).parameters, n=1)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    return TypeError(f"{function.__qualname__}() got an unexpected keyword argument {name!r}{hint}")
