"""What an object needs to turn to its client."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from . import _native
from ._errors import CLASSES, ApiResponseError, VisemeError, chain, refused
from ._prediction import prediction_of, seconds_of
from ._records import SubmitRecord
from ._report import violation_of

logger = logging.getLogger("viseme")
T = TypeVar("T")


class Reach:
    """The native client, and what is under way with it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        follow_level()
        try:
            self.native = _native.NativeClient(json.dumps(settings))
        except _native.Refusal as refusal:
            raise refusal_of(refusal) from None
        self.tasks: set[_native.Task] = set()
        self.closed = False

    def start(self, request: Mapping[str, Any], contents: list[bytes]) -> _native.Task:
        """Begin what the request says."""
        self.refuse_closed()
        follow_level()
        try:
            return self.native.start(json.dumps(request), contents)
        except _native.Refusal as refusal:
            raise refusal_of(refusal) from None

    def job(self, job_id: str) -> _native.NativeJob:
        """Give a handle on a job."""
        self.refuse_closed()
        try:
            return self.native.job(job_id)
        except _native.Refusal as refusal:
            raise refusal_of(refusal) from None

    def refuse_closed(self) -> None:
        """Raise an error once the client is closed."""
        if self.closed:
            raise closed()

    def close(self) -> None:
        """End everything that is under way."""
        self.closed = True
        for task in tuple(self.tasks):
            task.cancel()


class Call(Generic[T]):
    """One operation: how it begins, what is made of its news and of its value."""

    __slots__ = ("begin", "hear", "reach", "read")

    def __init__(
        self,
        reach: Reach | None,
        begin: Callable[[], _native.Task],
        read: Callable[[Any, _native.Task], T],
        hear: Callable[[Any], list[object]] | None = None,
    ) -> None:
        self.reach = reach
        self.begin = begin
        self.read = read
        self.hear = hear

    def open(self) -> _native.Task:
        """Begin it; it ends with the client."""
        task = self.begin()
        if self.reach is not None:
            self.reach.tasks.add(task)
        return task

    def close(self, task: _native.Task) -> None:
        """End what is still under way."""
        if self.reach is not None:
            self.reach.tasks.discard(task)
        task.cancel()


def messages_of(batch: str | None) -> list[dict[str, Any]]:
    """Read what a task says. A task ends without a last word only where it was cancelled."""
    if batch is None:
        raise closed()
    found: list[dict[str, Any]] = json.loads(batch)
    return found


def closed() -> VisemeError:
    """Say that the client is of no use any more."""
    return refused("config", "The client was closed. Make a new one.")


def refusal_of(refusal: _native.Refusal) -> VisemeError:
    """Make an error of what the native part refused."""
    return error_of(json.loads(refusal.args[0])["error"], None)


def error_of(data: dict[str, Any], reach: Reach | None) -> VisemeError:
    """Make the error of the fitting class of what came over the border."""
    get = data.get
    kind = CLASSES.get(data["code"], ApiResponseError)
    prediction = get("prediction")
    error = kind(
        data["message"],
        code=data["code"],
        job_id=get("jobId"),
        attempts=data["attempts"],
        app_code=get("appCode"),
        prediction=None if prediction is None else prediction_of(prediction, reach),
        status=get("status"),
        request_id=get("requestId"),
        retry_after=seconds_of(get("retryAfterMs")),
        body=get("body"),
    )
    if "violations" in data:
        vars(error)["violations"] = tuple(map(violation_of, data["violations"]))
    if "record" in data:
        vars(error)["record"] = SubmitRecord(**data["record"])
    if "candidates" in data:
        found = tuple(prediction_of(candidate, reach) for candidate in data["candidates"])
        vars(error)["candidates"] = found
    return chain(error, get("causes", []))


def follow_level() -> None:
    """Tell the native part what `logging` wants."""
    _native.set_log_level(min(logger.getEffectiveLevel(), 255))


def _log(level: int, name: str, message: str) -> None:
    # Targets are module paths: viseme::job is the logger viseme.job.
    target = logging.getLogger(name.replace("::", "."))
    if target.isEnabledFor(level):
        target.log(level, "%s", message)


_native.set_log_sink(_log)
