"""What goes on in a run."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Union

from ._prediction import AsyncPrediction, Prediction
from ._reach import error_of
from ._records import SubmitRecord
from ._report import Report, report_of

if TYPE_CHECKING:
    from ._errors import VisemeError
    from ._reach import Reach


@dataclass(frozen=True)
class Checked:
    """The input was checked; warnings are in the report."""

    event: ClassVar[str] = "checked"
    report: Report


@dataclass(frozen=True)
class Uploading:
    """A medium is being uploaded: bytes so far, and its size."""

    event: ClassVar[str] = "uploading"
    field: str
    sent: int
    total: int


@dataclass(frozen=True)
class Uploaded:
    """A medium was uploaded."""

    event: ClassVar[str] = "uploaded"
    field: str
    url: str


@dataclass(frozen=True)
class Submitting:
    """The POST that costs money goes out.

    The record, saved now, lets ``client.recover`` find the job even if this process dies before
    the answer comes.
    """

    event: ClassVar[str] = "submitting"
    attempt: int
    record: SubmitRecord


@dataclass(frozen=True)
class Recovering:
    """The answer to the submit was lost; the job is looked for in the history."""

    event: ClassVar[str] = "recovering"


@dataclass(frozen=True)
class Submitted:
    """There is a job."""

    event: ClassVar[str] = "submitted"
    job_id: str


@dataclass(frozen=True)
class Update:
    """The job's state changed."""

    event: ClassVar[str] = "update"
    prediction: Prediction | AsyncPrediction


@dataclass(frozen=True)
class Retrying:
    """A step failed in a way that may pass, and is tried again after so many seconds."""

    event: ClassVar[str] = "retrying"
    error: VisemeError
    after: float


Progress = Union[Checked, Uploading, Uploaded, Submitting, Recovering, Submitted, Update, Retrying]
"""One piece of news. Kinds that are added later are to be ignored."""

OnProgress = Callable[[Progress], object]
"""Is told what goes on. With an :class:`AsyncClient`, it may be a coroutine function."""

PredictionOf = Callable[[dict[str, Any], "Reach | None"], Any]


class VisemeWarning(UserWarning):
    """Something of the caller's raised where that must not end the wait for a paid job."""


def inform(listener: Callable[..., object] | None, *news: object) -> object:
    """Call a listener. What it raises is made a warning: the job is paid for, the wait goes on."""
    if listener is None:
        return None
    try:
        return listener(*news)
    except Exception as error:
        complain(error)
        return None


def complain(error: BaseException) -> None:
    """Warn of what a listener raised."""
    trace = "".join(traceback.format_exception(error))
    warnings.warn(f"a listener raised:\n{trace}", VisemeWarning, stacklevel=2)


def progress_of(
    data: dict[str, Any], reach: Reach | None, prediction_of: PredictionOf
) -> Progress | None:
    """Make news of what came over the border; None for a kind that is not known here."""
    match data["event"]:
        case "checked":
            return Checked(report_of(data["report"]))
        case "uploading":
            return Uploading(data["field"], data["sent"], data["total"])
        case "uploaded":
            return Uploaded(data["field"], data["url"])
        case "submitting":
            return Submitting(data["attempt"], SubmitRecord(**data["record"]))
        case "recovering":
            return Recovering()
        case "submitted":
            return Submitted(data["jobId"])
        case "update":
            return Update(prediction_of(data["prediction"], reach))
        case "retrying":
            return Retrying(error_of(data["error"], reach), data["afterMs"] / 1000)
        case _:
            return None
