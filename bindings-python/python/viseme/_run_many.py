"""Many runs: their results, and the state that both forms of the iteration share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from ._core_client import CoreClient, Operation
from ._errors import VisemeError, make_error
from ._inputs import encode_input, normalize_input
from ._models import AsyncPrediction, BasePrediction, Prediction
from ._progress import RunCallbacks
from ._settings import COUNT, encode_value, show

P = TypeVar("P", bound=BasePrediction)

PREFETCH = 16
"""How many inputs are handed over before there is a free slot for them, at most."""


@dataclass(frozen=True)
class RunResult:
    """The result of one of many runs: a prediction or an error."""

    index: int
    """The position of the input, counted from 0."""
    prediction: Prediction | None
    error: VisemeError | None

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.error is None

    def unwrap(self) -> Prediction:
        """Return the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


@dataclass(frozen=True)
class AsyncRunResult:
    """The result of one of many runs of an :class:`AsyncClient`: a prediction or an error."""

    index: int
    """The position of the input, counted from 0."""
    prediction: AsyncPrediction | None
    error: VisemeError | None

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.error is None

    def unwrap(self) -> AsyncPrediction:
        """Return the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


def check_inputs(inputs: object) -> None:
    """Raise an InputError for text and bytes, each of whose letters would be an input."""
    if isinstance(inputs, (str, bytes, bytearray)):
        message = f"`inputs` must be an iterable of inputs, got {show(inputs)}. Pass a list."
        raise make_error("invalid_input", message)


class ManyRuns(Generic[P]):
    """Runs under way. Inputs are handed over as slots become free, and a few ahead."""

    def __init__(
        self,
        core: CoreClient[P],
        limit: int,
        options: Mapping[str, Any],
        callbacks: RunCallbacks,
    ) -> None:
        limit = encode_value("limit", limit, COUNT)
        self.core = core
        self._callbacks = callbacks
        self._max_open = limit + PREFETCH
        self._open = 0
        self._operation: Operation[None] = Operation(
            {"op": "runMany", "limit": limit, "options": options, "progress": callbacks.are_needed},
            lambda _, __: None,
        )

    def start(self) -> None:
        """Start the task that drives the runs."""
        self.task = self.core.start(self._operation)

    @property
    def has_room(self) -> bool:
        """Whether another input can be handed over."""
        return self._open < self._max_open

    def push(self, item: Any) -> None:
        """Hand over an input, or a pair of a model id and parameters."""
        pair = cast("tuple[Any, Any]", item if isinstance(item, tuple) else (item, None))
        given = normalize_input(*pair)
        contents: list[bytes] = []
        self.task.push(json.dumps([encode_input(given, contents)]), contents)
        self._open += 1

    def fill(self, inputs: Iterator[Any]) -> bool:
        """Hand over as many inputs as there is room for. Returns whether there may be more."""
        while self.has_room:
            try:
                item = next(inputs)
            except StopIteration:
                self.task.finish()
                return False
            self.push(item)
        return True

    def on_event(self, message: dict[str, Any]) -> list[object] | None:
        """Call the callbacks for an event. Returns None if the message is a result."""
        event = message.get("event")
        if event is None:
            return None
        return self._callbacks.on_event(event["progress"], event["index"])

    def decode(self, message: dict[str, Any]) -> tuple[int, P | None, VisemeError | None]:
        """Decode a result: the position of the input, and a prediction or an error."""
        item = message["item"]
        self._open -= 1
        if "error" in item:
            return item["index"], None, self.core.decode_error(item["error"])
        return item["index"], self.core.decode_prediction(item["value"]), None

    def close(self) -> None:
        """Cancel the runs. Jobs that were submitted continue at the service."""
        self.core.stop(self.task)
