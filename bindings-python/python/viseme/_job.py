"""Jobs of the blocking client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import _native
from ._operations import Listeners
from ._prediction import Prediction, prediction_of
from ._progress import OnProgress
from ._reach import Call, Reach, refusal_of
from ._settings import millis, without_none
from ._sync import Paginator, carry_out, with_listeners


class Job:
    """A handle on a job. The id is all that is needed to make one again: ``client.job(id)``."""

    id: str
    """The job's id."""
    prediction: Prediction | None
    """What the service answered to the submit, where it was made through this handle."""

    def __init__(
        self, reach: Reach, native: _native.NativeJob, prediction: Prediction | None
    ) -> None:
        self.id = native.id
        self.prediction = prediction
        self._reach = reach
        self._native = native

    def wait(
        self,
        *,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        on_update: Callable[[Prediction], object] | None = None,
        progress: bool = False,
    ) -> Prediction:
        """Wait until the job completes. A timeout or an interrupt ends the wait, never the job.

        With a `timeout` of 0 seconds, one look is taken.
        """
        bar = None
        if progress:
            from ._bar import RunBar

            bar = RunBar()
        listeners = Listeners(self._reach, prediction_of, on_progress, on_update, bar)
        request = {"op": "wait", "timeoutMs": millis(timeout), "tell": listeners.wanted}
        read = self._read
        call = Call(self._reach, lambda: self._start(request), read, listeners.hear)
        return with_listeners(listeners, call)

    def updates(self, *, timeout: float | None = None) -> Paginator[Prediction]:
        """Iterate over the job's states as they change, the last one included.

        A job that fails gives a prediction with the status ``failed``, not an error; an error
        comes where the wait itself ended early.
        """
        request = {"op": "updates", "timeoutMs": millis(timeout)}
        return Paginator(
            self._reach,
            lambda: self._start(request),
            lambda item: prediction_of(item, self._reach),
        )

    def refresh(self) -> Prediction:
        """Ask once for the job's state, whatever that is. A job that failed is no error here."""
        return carry_out(Call(self._reach, lambda: self._start({"op": "refresh"}), self._read))

    def _start(self, request: dict[str, Any]) -> _native.Task:
        self._reach.refuse_closed()
        try:
            return self._native.start(json.dumps(without_none(request)))
        except _native.Refusal as refusal:
            raise refusal_of(refusal) from None

    def _read(self, data: dict[str, Any], _task: object) -> Prediction:
        return prediction_of(data, self._reach)

    def __repr__(self) -> str:
        """Show the id."""
        return f"Job({self.id!r})"


def job_of(reach: Reach) -> Callable[[Any, _native.Task], Job]:
    """Make the job of what a submit gave."""

    def read(data: dict[str, Any] | None, task: _native.Task) -> Job:
        native = task.job()
        assert native is not None  # noqa: S101 - a submit that succeeds gives one
        return Job(reach, native, None if data is None else prediction_of(data, reach))

    return read
