"""The options of a dub: their types, and how they are checked."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypedDict

from ._batch_options import BATCH_KINDS
from ._generated import DUB_OPTIONS
from ._settings import kinds_of


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


DUB_KINDS = {
    **kinds_of(DUB_OPTIONS),
    "max_cost": BATCH_KINDS["max_cost"],
    "on_unknown": BATCH_KINDS["on_unknown"],
}
