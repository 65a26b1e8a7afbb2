"""The options of fits and dubs: their types, and how they are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from ._batch_options import BATCH_KINDS
from ._generated import DUB_OPTIONS, FIT_OPTIONS
from ._settings import kinds_of

if TYPE_CHECKING:
    from decimal import Decimal


class FitOptions(TypedDict, total=False):
    """The options of ``fit``."""

    crop: bool | None
    extend: bool | None
    start: float | None
    end: float | None
    strict: bool | None
    dry_run: bool | None


class DubOptions(TypedDict, total=False):
    """The options of ``dub``."""

    model: str | None
    length: Literal["shorter", "hold", "loop", "original"] | None
    skip_silence: bool | None
    cheapest: bool | None
    crop: bool | None
    max_cost: float | Decimal | None
    limit: int | None
    retry_failed: int | None
    on_unknown: str | None
    preset: Literal["ultrafast", "fast", "medium", "slow"] | None
    keep_segments: bool | None


FIT_KINDS = kinds_of(FIT_OPTIONS)
DUB_KINDS = {
    **kinds_of(DUB_OPTIONS),
    "max_cost": BATCH_KINDS["max_cost"],
    "on_unknown": BATCH_KINDS["on_unknown"],
}
