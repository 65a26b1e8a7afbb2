"""The options of a batch: their types, and how they are checked."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypedDict

from ._generated import BATCH_OPTIONS
from ._settings import TEXT, Kind, kinds_of

if TYPE_CHECKING:
    from decimal import Decimal


class BatchOptions(TypedDict, total=False):
    """The options of ``batch``."""

    max_cost: float | Decimal | None
    limit: int | None
    pilot: int | None
    retry_failed: int | None
    on_unknown: str | None
    repeat: bool | None
    strict: bool | None
    webhook: str | None


_RESUBMIT_AFTER = r"resubmit-after=([0-9]+ ?(s|m|min|h|d|w) ?)+"


def _encode_dollars(value: Any) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError
    dollars = float(value)
    if not math.isfinite(dollars) or dollars < 0:
        raise ValueError
    return dollars


def _encode_on_unknown(value: Any) -> str:
    text = str(TEXT.encode(value))
    if text not in ("keep", "stop") and re.fullmatch(_RESUBMIT_AFTER, text) is None:
        raise ValueError
    return text


BATCH_KINDS = {
    **kinds_of(BATCH_OPTIONS),
    "max_cost": ("maxCost", Kind(_encode_dollars, "a non-negative number of US dollars")),
    "on_unknown": (
        "onUnknown",
        Kind(_encode_on_unknown, "'keep', 'stop' or a time such as 'resubmit-after=24h'"),
    ),
}
