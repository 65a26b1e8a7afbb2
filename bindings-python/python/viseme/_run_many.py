"""Many runs: their results, and the state that both forms of the iteration share."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ._core_client import CoreClient, Operation
from ._deferred import Deferred
from ._errors import VisemeError, make_error
from ._inputs import encode_input, invalid_input, is_of_library, normalize_input
from ._models import BasePrediction, Prediction, to_plain
from ._payload import MediaPayload
from ._progress import RunCallbacks
from ._settings import COUNT, encode_value, show

if not TYPE_CHECKING:
    from ._deferred import dataclass
else:
    from dataclasses import dataclass

if TYPE_CHECKING:
    from . import _generated_types as types

P = TypeVar("P", bound=BasePrediction)

PREFETCH = 16
"""How many inputs are handed over before there is a free slot for them, at most."""

BATCH = 256
"""How many inputs are handed over at once, at most."""

_NEVER_WAIT: tuple[type[Any], ...] = (type(iter([])), type(iter(())))
"""Iterators that have the next item at once."""


class BaseRunResult:
    """The parts of a result that do not differ between the clients."""

    index: int
    """The position of the input, counted from 0."""
    prediction: Any
    error: VisemeError | None

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.error is None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "index": self.index,
            "prediction": to_plain(self.prediction),
            "error": to_plain(self.error),
        }

    def as_row(self) -> dict[str, Any]:
        """Return the result as one row of a table: its position, its job, and its error."""
        if self.error is None:
            row: dict[str, Any] = {} if self.prediction is None else self.prediction.as_row()
            return {"index": self.index, "ok": True, **row, "error_code": None}
        last = self.error.prediction
        row = {"id": self.error.job_id} if last is None else last.as_row()
        row.setdefault("output_url", None)
        failed = {"error": self.error.message, "error_code": self.error.code}
        return {"index": self.index, "ok": False, **row, **failed}

    def __json__(self) -> dict[str, Any]:
        # The JSON encoder of Celery calls this.
        return self.to_dict()


@dataclass(frozen=True)
class RunResult(BaseRunResult, Deferred):
    """The result of one of many runs: a prediction or an error."""

    index: int
    """The position of the input, counted from 0."""
    prediction: Prediction | None
    error: VisemeError | None

    def unwrap(self) -> Prediction:
        """Return the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


def normalize_inputs(inputs: Any) -> Any:
    """Return the inputs; of a pandas DataFrame its rows.

    Raises an InputError for text, bytes and one input, whose parts would be inputs of their own.
    """
    if is_of_library(inputs, "pandas") and hasattr(inputs, "iterrows"):
        return inputs.to_dict("records")
    given: object = inputs
    is_iterable = isinstance(given, (Iterable, AsyncIterable))
    if not is_iterable or isinstance(given, (str, bytes, bytearray, Mapping)):
        raise make_error(
            "invalid_input",
            f"`inputs` must be an iterable of inputs, got {show(inputs)}. Pass a list.",
        )
    return inputs


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
        self._count = 0
        self._payloads: dict[int, MediaPayload] = {}
        self._encoded: list[types.InputData] = []
        self._unseen: deque[dict[str, Any]] = deque()
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
        self._add(item)
        self._hand_over()

    def _add(self, item: Any) -> None:
        """Encode an input. Hand it over at once if it is not only JSON.

        An invalid one is the result of its own run: the others continue.
        """
        pair = cast("tuple[Any, Any]", item if isinstance(item, tuple) else (item, None))
        payload = MediaPayload()
        try:
            if len(pair) != 2:
                expected = "a pair of a model id and parameters, or an input"
                raise invalid_input("inputs", expected, pair)
            data = encode_input(normalize_input(*pair), payload)
            payload.fill()
        except VisemeError as error:
            payload.close()
            self._hand_over()
            self.task.push_error(f"Input {self._count} (counted from 0): {error.message}")
        else:
            self._payloads[self._count] = payload
            if payload.contents:
                self._hand_over()
            self._encoded.append(data)
            if payload.contents or len(self._encoded) == BATCH:
                self._hand_over(payload.contents)
                # The native part has its own copy.
                payload.contents.clear()
        self._count += 1
        self._open += 1

    def _hand_over(self, contents: Sequence[bytes] = ()) -> None:
        if self._encoded:
            self.task.push(json.dumps(self._encoded), list(contents))
            self._encoded.clear()

    def fill(self, inputs: Iterator[Any]) -> bool:
        """Hand over as many inputs as there is room for. Returns whether there may be more."""
        # A generator may take its time for the next input: no other waits for it.
        add = self._add if isinstance(inputs, _NEVER_WAIT) else self.push
        while self.has_room:
            try:
                item = next(inputs)
            except StopIteration:
                self._hand_over()
                self.task.finish()
                return False
            add(item)
        self._hand_over()
        return True

    def take(self, messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the messages one by one, and remember which were not taken yet."""
        self._unseen = deque(messages)
        while self._unseen:
            yield self._unseen.popleft()

    def unseen_job_ids(self) -> list[str]:
        """Return the ids of the jobs whose results were received, but not taken."""
        items: list[types.RunManyItem] = [it["item"] for it in self._unseen if "item" in it]
        ids = [it["value"]["id"] for it in items if "value" in it]
        failed = [it["error"].get("jobId") for it in items if "error" in it]
        return ids + [job_id for job_id in failed if job_id is not None]

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
        if (payload := self._payloads.pop(item["index"], None)) is not None:
            payload.close()
        if "error" in item:
            return item["index"], None, self.core.decode_error(item["error"])
        return item["index"], self.core.decode_prediction(item["value"]), None

    def close(self) -> None:
        """Cancel the runs. Jobs that were submitted continue at the service."""
        self.core.stop(self.task)
        for payload in self._payloads.values():
            payload.close()
        self._payloads.clear()
