"""Settings of clients and options of calls: their types, and how they are checked and encoded.

Every name and value is checked here, so that errors use the names and units of Python.
"""

from __future__ import annotations

import math
import operator
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, cast

from ._deferred import Deferred
from ._errors import VisemeError, make_error
from ._generated import (
    BILLING_FILTER_DATA,
    CLIENT_SETTINGS,
    HISTORY_FILTER_DATA,
    RUN_OPTIONS,
    Parameter,
    Rule,
)
from ._signatures import suggest_fields, unknown_keyword

if not TYPE_CHECKING:
    from ._deferred import dataclass
else:
    from dataclasses import dataclass

Tier = Literal["bronze", "silver", "gold", "ultra"]
"""A tier of account."""


@suggest_fields
@dataclass(frozen=True)
class Pacing(Deferred):
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


@suggest_fields
@dataclass(frozen=True)
class Backoff(Deferred):
    """The delays before retries, in seconds."""

    base: float = 1.0
    """The first delay. It doubles with each failure."""
    max: float = 30.0
    """The longest delay."""


@suggest_fields
@dataclass(frozen=True)
class SubmitLimits(Deferred):
    """The limits of an account's tier."""

    per_minute: int
    """Submits per minute."""
    concurrent: int
    """Jobs at the same time."""


class ClientSettings(TypedDict, total=False):
    """The settings of ``Client`` and ``AsyncClient``. Times are in seconds."""

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
    learned_pacing: bool | None
    polls_per_job: float | None
    pacing_file: str | os.PathLike[str] | None
    max_polls_per_second: float | None
    max_connections: int | None
    max_retries: int | None
    backoff: Backoff | None
    max_retry_after: float | None
    recovery_window: float | None
    submit_limits: SubmitLimits | Tier | None
    proxy: str | None
    ca_bundle: str | os.PathLike[str] | None
    check_remote_media: bool | None
    remote_check_timeout: float | None
    allow_private_addresses: bool | None
    ledger: str | os.PathLike[str] | None
    client_name: str | None
    user_agent: str | None


class _SharedOptions(TypedDict, total=False):
    """The options that ``submit``, ``run`` and ``run_many`` share."""

    check_media: bool | None
    strict: bool | None
    validate: bool | None
    sync: bool | None
    base64: bool | None
    webhook: str | None
    headers: Mapping[str, str] | None


class SubmitOptions(_SharedOptions, total=False):
    """The options of ``submit``."""

    key: str | None
    retry_failed: bool | None


class RunOptions(SubmitOptions, total=False):
    """The options of ``run``. Times are in seconds."""

    timeout: float | None


class RunManyOptions(_SharedOptions, total=False):
    """The options of ``run_many``. Times are in seconds."""

    timeout: float | None


class Kind(NamedTuple):
    """A kind of value: how it is checked and encoded."""

    encode: Callable[[Any], Any]
    """Returns the encoded value, or raises."""
    expected: str
    """What is allowed, to complete "must be …"."""
    is_secret: bool = False
    """Whether an error must not show the value."""


Kinds = dict[str, tuple[str, Kind]]
"""For each parameter its name in the JSON, and the kind of its value."""


def _require(allowed: bool) -> None:
    if not allowed:
        raise ValueError


def _encode_number(value: Any) -> float:
    _require(hasattr(value, "__float__") and not isinstance(value, bool))
    return float(value)


def _encode_duration(value: Any) -> float:
    seconds = _encode_number(value)
    _require(seconds >= 0)
    # JSON has no number for infinity. The native part takes anything so long as endless.
    return float(min(seconds * 1000, sys.float_info.max))


def _encode_even_pacing(value: Any) -> dict[str, float]:
    return {"intervalMs": _encode_duration(value)}


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


def _encode_headers(value: Any) -> dict[str, str]:
    _require(isinstance(value, Mapping))
    pairs = cast("Mapping[Any, Any]", value).items()
    return {_encode_text(name): _encode_text(text) for name, text in pairs}


def _number_kind(rule: Rule) -> Kind:
    def encode(value: Any) -> float:
        number = _encode_number(value)
        _require(math.isfinite(number))
        _require(rule.above is None or number > rule.above)
        _require(rule.minimum is None or number >= rule.minimum)
        _require(rule.maximum is None or number <= rule.maximum)
        return number

    if rule.above is not None:
        return Kind(encode, "a positive number" if not rule.above else f"above {rule.above:g}")
    if rule.minimum is not None and rule.maximum is not None:
        return Kind(encode, f"a number from {rule.minimum:g} to {rule.maximum:g}")
    return Kind(encode, "a number" if rule.minimum is None else f"at least {rule.minimum:g}")


def _integer_kind(rule: Rule) -> Kind:
    least = int(rule.minimum or 0)
    most = 2**32 - 1 if rule.maximum is None else int(rule.maximum)

    def encode(value: Any) -> int:
        _require(hasattr(value, "__index__") and not isinstance(value, bool))
        number = operator.index(value)
        _require(least <= number <= most)
        return number

    sign = "positive" if least == 1 else "non-negative"
    return Kind(encode, f"a {sign} whole number")


def words_kind(words: tuple[str, ...]) -> Kind:
    """Return the kind of text that is one of some words."""

    def encode(value: Any) -> str:
        _require(value in words)
        return str(value)

    return Kind(encode, f"one of {', '.join(map(repr, words))}")


def _object_kind(name: str, cls: type[Any], rule: Rule) -> Kind:
    kinds = kinds_of(rule.fields)

    def encode(value: Any) -> dict[str, Any]:
        _require(isinstance(value, cls))
        return encode_values(vars(cast("object", value)), kinds, prefix=f"{name}.")

    return Kind(encode, f"a {cls.__name__}")


def _either(first: Kind, second: Kind) -> Kind:
    def encode(value: Any) -> Any:
        try:
            return first.encode(value)
        except (TypeError, ValueError) as error:
            if isinstance(error, VisemeError):
                raise
            return second.encode(value)

    return Kind(encode, f"{first.expected} or {second.expected}")


def _kind(parameter: Parameter) -> Kind:
    name, rule = parameter.name, parameter.rule
    if name in _SPECIAL:
        return _SPECIAL[name]
    match rule.kind:
        case "text":
            return TEXT
        case "boolean":
            return BOOL
        case "duration":
            return DURATION
        case "moment":
            return MOMENT
        case "number":
            return _number_kind(rule)
        case "integer":
            return _integer_kind(rule)
        case "words":
            return words_kind(rule.words)
        case "list":
            return TEXTS
        case "map":
            return HEADERS
        case "object" if name == "pacing":
            return _either(_object_kind(name, Pacing, rule), _EVEN_PACING)
        case "object" if name == "backoff":
            return _object_kind(name, Backoff, rule)
        case "union" if name == "submit_limits":
            words, numbers = rule.of
            return _either(_object_kind(name, SubmitLimits, numbers), words_kind(words.words))
        case _:
            raise NotImplementedError(f"the kind of {name}")


def kinds_of(parameters: Iterable[Parameter]) -> Kinds:
    """Return the kinds of generated parameters."""
    return {it.name: (it.json_name, _kind(it)) for it in parameters}


TEXT = Kind(_encode_text, "text")
BOOL = Kind(_encode_bool, "True or False")
DURATION = Kind(_encode_duration, "a non-negative number of seconds")
_EVEN_PACING = DURATION._replace(encode=_encode_even_pacing)
MOMENT = Kind(_encode_moment, "a datetime")
TEXTS = Kind(_encode_texts, "text, or an iterable of text")
HEADERS = Kind(_encode_headers, "a dict of header names and values", is_secret=True)
PATH = Kind(_encode_path, "a path")
# A URL contains a password.
LEDGER = PATH._replace(expected="a path or a URL", is_secret=True)
SECRET = Kind(_encode_text, "text", is_secret=True)
COUNT = _integer_kind(Rule("integer", minimum=1))
SIZE = _integer_kind(Rule("integer", minimum=0, maximum=2**63 - 1))._replace(
    expected="a non-negative number of bytes"
)

# Kinds that the JSON does not know.
_SPECIAL = {
    "api_key": SECRET,
    "proxy": SECRET,
    "ca_bundle": PATH,
    "pacing_file": PATH,
    "ledger": LEDGER,
}

SETTINGS = kinds_of(CLIENT_SETTINGS)
RUN_KINDS = kinds_of(RUN_OPTIONS)
SUBMIT_KINDS = {name: kind for name, kind in RUN_KINDS.items() if name != "timeout"}
_KEY_OPTIONS = ("key", "retry_failed")
RUN_MANY_KINDS = {name: kind for name, kind in RUN_KINDS.items() if name not in _KEY_OPTIONS}
HISTORY_KINDS = kinds_of(HISTORY_FILTER_DATA)
BILLING_KINDS = kinds_of(BILLING_FILTER_DATA)


def encode_settings(
    client: type[Any],
    given: Mapping[str, Any],
    testing: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, Any]:
    """Check and encode the settings of a client. Raises a ConfigError that names the setting."""
    known = {"ignore_env": ("ignoreEnv", BOOL), **SETTINGS}
    settings = _encode_keywords(client, given, known, "config")
    ignore_env = settings.pop("ignoreEnv", False)
    return {"env": {} if ignore_env else environment(), "settings": {**settings, **testing}}


def environment() -> dict[str, str]:
    """Return the environment variables that a client reads."""
    return {name: text for name, text in os.environ.items() if name.startswith("WAVESPEED_")}


def encode_options(
    function: Callable[..., Any], given: Mapping[str, Any], kinds: Kinds
) -> dict[str, Any]:
    """Check and encode the keywords of a function. Raises an InputError that names the keyword."""
    encoded = _encode_keywords(function, given, kinds, "invalid_input")
    if "key" in kinds and "retryFailed" in encoded and "key" not in encoded:
        message = "`retry_failed` needs `key`: it is about the job of a key."
        raise make_error("invalid_input", message)
    return encoded


def _encode_keywords(
    function: Callable[..., Any], given: Mapping[str, Any], kinds: Kinds, code: str
) -> dict[str, Any]:
    for name in given:
        if name not in kinds:
            is_key = kinds is RUN_MANY_KINDS and name in _KEY_OPTIONS
            hint = "A key belongs to one input: pass it to run() or submit()" if is_key else None
            raise unknown_keyword(function, name, hint)
    return encode_values(given, kinds, code=code)


def encode_values(
    given: Mapping[str, Any], kinds: Kinds, *, prefix: str = "", code: str = "invalid_input"
) -> dict[str, Any]:
    """Check and encode the values that are not None. Raises an error that names the parameter."""
    encoded: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None:
            json_name, kind = kinds[name]
            encoded[json_name] = encode_value(prefix + name, value, kind, code=code)
    return encoded


def encode_value(name: str, value: object, kind: Kind, *, code: str = "invalid_input") -> Any:
    """Check and encode one value. Raises an error with the code that names the parameter."""
    try:
        return kind.encode(value)
    except VisemeError as error:
        # It names a part of the value.
        raise make_error(code, error.message) from None
    except (TypeError, ValueError, OverflowError):
        shown = f"a {type(value).__name__}" if kind.is_secret else show(value)
        message = f"`{name}` must be {kind.expected}, got {shown}."
        raise make_error(code, message) from None


def encode_optional(name: str, value: object, kind: Kind) -> Any:
    """Check and encode a value that may be None."""
    return None if value is None else encode_value(name, value, kind)


def show(value: object) -> str:
    """Return the value as it appears in an error message."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
