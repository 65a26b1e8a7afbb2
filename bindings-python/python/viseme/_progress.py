"""Progress: the events of a run, and how callbacks get them."""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Union

from ._errors import VisemeError, make_error
from ._generated import (
    Report,
    SubmitRecord,
    decode_duration,
    decode_report,
    decode_submit_record,
)
from ._models import BasePrediction, OnBytes

if TYPE_CHECKING:
    from . import _generated_types as types


@dataclass(frozen=True)
class Checked:
    """The input was checked. Warnings are in the report."""

    event: ClassVar[str] = "checked"
    report: Report


@dataclass(frozen=True)
class Uploading:
    """A media file is being uploaded: the bytes so far, and its size."""

    event: ClassVar[str] = "uploading"
    field: str
    sent: int
    total: int


@dataclass(frozen=True)
class Uploaded:
    """A media file was uploaded."""

    event: ClassVar[str] = "uploaded"
    field: str
    url: str


@dataclass(frozen=True)
class Submitting:
    """The POST that costs money is about to be sent.

    The client waits for the callback. If it raises, nothing is sent, and the call raises the same
    exception. Save the record now, and ``client.recover`` finds the job even if this process dies
    before the response arrives.
    """

    event: ClassVar[str] = "submitting"
    attempt: int
    record: SubmitRecord


@dataclass(frozen=True)
class Recovering:
    """The answer to the submit was lost. The client searches the history for the job."""

    event: ClassVar[str] = "recovering"


@dataclass(frozen=True)
class Submitted:
    """The service accepted the job."""

    event: ClassVar[str] = "submitted"
    job_id: str


@dataclass(frozen=True)
class Update:
    """The state of the job changed."""

    event: ClassVar[str] = "update"
    prediction: BasePrediction


@dataclass(frozen=True)
class Retrying:
    """A step failed, and is tried again after `after` seconds."""

    event: ClassVar[str] = "retrying"
    error: VisemeError
    after: float


Progress = Union[Checked, Uploading, Uploaded, Submitting, Recovering, Submitted, Update, Retrying]
"""A progress event. Ignore kinds that you do not know: later versions may add some."""

OnProgress = Callable[[Progress], object]
"""A callback for progress events. With an :class:`AsyncClient` it may be a coroutine function."""


class VisemeWarning(UserWarning):
    """A callback raised an exception. The run continues, because the job is paid for."""


class ProgressBar(Protocol):
    """A progress bar of a run."""

    def on_event(self, event: Progress) -> None:
        """Show the event."""
        ...

    def close(self) -> None:
        """Leave the bar as it is."""
        ...


class ByteBar(Protocol):
    """A progress bar of an upload or a download."""

    def on_bytes(self, so_far: int, total: int | None) -> None:
        """Show the bytes so far."""
        ...

    def close(self) -> None:
        """Leave the bar as it is."""
        ...


class Decoder(Protocol):
    """Decodes what differs between the clients."""

    def decode_prediction(self, data: types.PredictionData, /) -> BasePrediction:
        """Decode a prediction."""
        ...

    def decode_error(self, data: types.ErrorData, /) -> VisemeError:
        """Decode an error."""
        ...


class Callbacks(Protocol):
    """Gets the events of one operation."""

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        ...

    def on_event(self, data: Any, /) -> list[object]:
        """Call the callbacks. Returns what they returned, for coroutine functions."""
        ...

    def close(self) -> None:
        """Close the progress bar."""
        ...


@dataclass(frozen=True)
class MustSucceed:
    """What a callback returned whose failure prevents the submit."""

    returned: object


class RunCallbacks:
    """The callbacks and the progress bar of a run."""

    def __init__(
        self,
        decoder: Decoder,
        on_progress: Callable[..., object] | None,
        on_update: Callable[..., object] | None,
        bar: ProgressBar | None,
    ) -> None:
        _check_callable("on_progress", on_progress)
        _check_callable("on_update", on_update)
        self._decoder = decoder
        self._on_progress = on_progress
        self._on_update = on_update
        self._bar = bar

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        return not (self._on_progress is None and self._on_update is None and self._bar is None)

    def on_event(self, data: types.ProgressData, *index: int) -> list[object]:
        """Call the callbacks. Returns what they returned, for coroutine functions."""
        event = decode_progress(data, self._decoder)
        if event is None:
            return []
        if self._bar is not None:
            invoke_callback(self._bar.on_event, event)
        if isinstance(event, Submitting):
            if self._on_progress is None:
                return []
            # An exception leaves the operation before the POST.
            return [MustSucceed(self._on_progress(event, *index))]
        returned: list[object] = [invoke_callback(self._on_progress, event, *index)]
        if isinstance(event, Update):
            returned.append(invoke_callback(self._on_update, event.prediction, *index))
        return returned

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            invoke_callback(self._bar.close)


class ByteCallbacks:
    """The callback and the progress bar of an upload or a download."""

    def __init__(self, on_progress: OnBytes | None, bar: ByteBar | None) -> None:
        _check_callable("on_progress", on_progress)
        self._on_progress = on_progress
        self._bar = bar

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        return not (self._on_progress is None and self._bar is None)

    def on_event(self, data: dict[str, Any]) -> list[object]:
        """Call the callback. Returns what it returned, for coroutine functions."""
        so_far, total = data.get("sent", data.get("received")), data["total"]
        if self._bar is not None:
            invoke_callback(self._bar.on_bytes, so_far, total)
        return [invoke_callback(self._on_progress, so_far, total)]

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            invoke_callback(self._bar.close)


def _check_callable(name: str, callback: object) -> None:
    if not (callback is None or callable(callback)):
        raise make_error("invalid_input", f"`{name}` must be a function, got {callback!r}.")


def invoke_callback(callback: Callable[..., object] | None, *arguments: object) -> object:
    """Call a callback. An exception becomes a warning, so that it never ends the wait."""
    if callback is None:
        return None
    try:
        return callback(*arguments)
    except Exception as error:
        warn_callback_error(error)
        return None


def warn_callback_error(error: BaseException) -> None:
    """Warn about the exception of a callback."""
    trace = "".join(traceback.format_exception(error))
    message = f"a callback raised an exception; the run continues:\n{trace}"
    try:
        warnings.warn(message, VisemeWarning, stacklevel=2)
    except VisemeWarning:
        # A filter turns warnings into exceptions. Even so the wait for a paid job continues.
        logging.getLogger("viseme").error("%s", message)


def decode_progress(data: types.ProgressData, decoder: Decoder) -> Progress | None:
    """Decode an event. Returns None for a kind that this version does not know."""
    match data["event"]:
        case "checked":
            return Checked(decode_report(data["report"]))
        case "uploading":
            return Uploading(data["field"], data["sent"], data["total"])
        case "uploaded":
            return Uploaded(data["field"], data["url"])
        case "submitting":
            return Submitting(data["attempt"], decode_submit_record(data["record"]))
        case "recovering":
            return Recovering()
        case "submitted":
            return Submitted(data["jobId"])
        case "update":
            return Update(decoder.decode_prediction(data["prediction"]))
        case "retrying":
            return Retrying(decoder.decode_error(data["error"]), decode_duration(data["afterMs"]))
        case _:
            return None
