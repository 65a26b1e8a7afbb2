"""Many runs: what both forms of the iteration have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from . import _native
from ._errors import VisemeError
from ._inputs import input_of, pack_input
from ._prediction import AsyncPrediction, Prediction
from ._progress import PredictionOf, progress_of
from ._reach import Reach, error_of

if TYPE_CHECKING:
    from ._operations import Listeners

AHEAD = 16
"""How many inputs are handed over before there is a place for them, at most."""


@dataclass(frozen=True)
class RunResult:
    """What came of one of many runs: a prediction or an error."""

    index: int
    """The position of its input, counted from 0."""
    prediction: Prediction | None
    error: VisemeError | None

    @property
    def ok(self) -> bool:
        """Whether there is a prediction."""
        return self.error is None

    def unwrap(self) -> Prediction:
        """Give the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


@dataclass(frozen=True)
class AsyncRunResult:
    """What came of one of many runs of an :class:`AsyncClient`: a prediction or an error."""

    index: int
    """The position of its input, counted from 0."""
    prediction: AsyncPrediction | None
    error: VisemeError | None

    @property
    def ok(self) -> bool:
        """Whether there is a prediction."""
        return self.error is None

    def unwrap(self) -> AsyncPrediction:
        """Give the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


class Runs:
    """The runs under way. Inputs are handed over as places become free, and a few ahead."""

    def __init__(
        self,
        reach: Reach,
        limit: int,
        options: dict[str, Any],
        listeners: Listeners,
        prediction_of: PredictionOf,
    ) -> None:
        request = {
            "op": "runMany",
            "limit": max(1, limit),
            "options": options,
            "tell": listeners.wanted,
        }
        self.task = reach.start(request, [])
        reach.tasks.add(self.task)
        self.reach = reach
        self._most = max(1, limit) + AHEAD
        self._open = 0
        self._listeners = listeners
        self._prediction_of = prediction_of

    @property
    def has_room(self) -> bool:
        """Whether another input is wanted."""
        return self._open < self._most

    def push(self, given: Any) -> None:
        """Hand an input over: one, or a pair of a model's id and parameters."""
        pair = cast("tuple[str, Any]", given) if isinstance(given, tuple) else (given, None)
        taken = input_of(*pair)
        contents: list[bytes] = []
        self.task.push(json.dumps([pack_input(taken, contents)]), contents)
        self._open += 1

    def fill(self, inputs: Iterator[Any]) -> bool:
        """Hand over what there is room for; tells whether there may be more."""
        while self.has_room:
            try:
                given = next(inputs)
            except StopIteration:
                self.task.finish()
                return False
            self.push(given)
        return True

    def read(self, message: dict[str, Any], kind: Any) -> tuple[Any, list[object]]:
        """Give a result, or nothing and what the listeners returned."""
        if "event" in message:
            event = message["event"]
            news = progress_of(event["progress"], self.reach, self._prediction_of)
            return None, [] if news is None else self._listeners.tell(news, event["index"])
        item = message["item"]
        self._open -= 1
        error = item.get("error")
        if error is not None:
            return kind(item["index"], None, error_of(error, self.reach)), []
        prediction = self._prediction_of(item["value"], self.reach)
        return kind(item["index"], prediction, None), []

    def close(self) -> None:
        """End what is under way."""
        self.reach.tasks.discard(self.task)
        self.task.cancel()
        self._listeners.close()


def task_ended(task: _native.Task, batch: str | None, reach: Reach) -> bool:
    """Tell whether a task said its last; raises an error where the client was closed."""
    if batch is None:
        reach.refuse_closed()
    return batch is None
