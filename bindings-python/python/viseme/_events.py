"""The events of a run. They are imported when the first event is decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Union

from ._errors import VisemeError
from ._generated import decode_duration
from ._generated_reports import Report, SubmitRecord, decode_report, decode_submit_record
from ._models import BasePrediction

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
"""A callback for progress events. With an ``AsyncClient`` it may be a coroutine function."""


class Decoder(Protocol):
    """Decodes what differs between the clients."""

    def decode_prediction(self, data: types.PredictionData, /) -> BasePrediction:
        """Decode a prediction."""
        ...

    def decode_error(self, data: types.ErrorData, /) -> VisemeError:
        """Decode an error."""
        ...


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
