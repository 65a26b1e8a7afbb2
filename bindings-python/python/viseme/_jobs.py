"""Jobs of both clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _native
from . import _operations as operations
from ._models import Prediction
from ._progress_bar import run_callbacks
from ._sync_executor import Paginator, SyncExecutor

if TYPE_CHECKING:
    from . import _generated_types as types
    from ._async_executor import AsyncExecutor, AsyncPaginator
    from ._async_models import AsyncPrediction
    from ._events import OnProgress


class Job:
    """A handle on a job. Its id is enough to get it again: ``client.job(id)``."""

    id: str
    """The id of the job."""
    prediction: Prediction | None
    """The answer to the submit, if the job was submitted through this handle."""

    def __init__(
        self, executor: SyncExecutor, native: _native.NativeJob, prediction: Prediction | None
    ) -> None:
        self.id = native.id
        self.prediction = prediction
        self._executor = executor
        self._native = native

    def wait(
        self,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        on_progress: OnProgress | None = None,
        on_update: Callable[[Prediction], object] | None = None,
        progress: bool = False,
    ) -> Prediction:
        """Wait until the job completes. A timeout or an interrupt ends the wait, never the job.

        With a `timeout` of 0 seconds, the client polls once. `headers` are additional headers
        of the requests.

        The service may not know a new job yet, so an unknown id is a `NotFoundError` only after
        30 seconds to a minute. `refresh` raises it at once.
        """
        callbacks = run_callbacks(self._executor, on_progress, on_update, progress)
        return self._executor.execute(
            operations.wait(self._executor, self._native, timeout, headers, callbacks)
        )

    def updates(
        self, *, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> Paginator[Prediction]:
        """Iterate over the states of the job as they change, including the last one.

        A failed job is a prediction with the status ``failed``, not an error. The iterator raises
        an error only if the wait itself ends early.
        """
        return self._executor.paginate(
            operations.updates(self._executor, self._native, timeout, headers)
        )

    def refresh(self, *, headers: Mapping[str, str] | None = None) -> Prediction:
        """Read the state of the job once. A failed job is not an error here."""
        return self._executor.execute(operations.refresh(self._executor, self._native, headers))

    def __repr__(self) -> str:
        """Return the class and the id."""
        return f"Job({self.id!r})"


class AsyncJob:
    """A handle on a job. Its id is enough to get it again: ``client.job(id)``."""

    id: str
    """The id of the job."""
    prediction: AsyncPrediction | None
    """The answer to the submit, if the job was submitted through this handle."""

    def __init__(
        self,
        executor: AsyncExecutor,
        native: _native.NativeJob,
        prediction: AsyncPrediction | None,
    ) -> None:
        self.id = native.id
        self.prediction = prediction
        self._executor = executor
        self._native = native

    async def wait(
        self,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        on_progress: OnProgress | None = None,
        on_update: Callable[[AsyncPrediction], object] | None = None,
        progress: bool = False,
    ) -> AsyncPrediction:
        """Wait until the job completes. A timeout or an interrupt ends the wait, never the job.

        With a `timeout` of 0 seconds, the client polls once. `headers` are additional headers
        of the requests.

        The service may not know a new job yet, so an unknown id is a `NotFoundError` only after
        30 seconds to a minute. `refresh` raises it at once.
        """
        callbacks = run_callbacks(self._executor, on_progress, on_update, progress)
        return await self._executor.execute(
            operations.wait(self._executor, self._native, timeout, headers, callbacks)
        )

    def updates(
        self, *, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncPaginator[AsyncPrediction]:
        """Iterate over the states of the job as they change, including the last one.

        A failed job is a prediction with the status ``failed``, not an error. The iterator raises
        an error only if the wait itself ends early.
        """
        return self._executor.paginate(
            operations.updates(self._executor, self._native, timeout, headers)
        )

    async def refresh(self, *, headers: Mapping[str, str] | None = None) -> AsyncPrediction:
        """Read the state of the job once. A failed job is not an error here."""
        return await self._executor.execute(
            operations.refresh(self._executor, self._native, headers)
        )

    def __repr__(self) -> str:
        """Return the class and the id."""
        return f"AsyncJob({self.id!r})"


def job_decoder(executor: SyncExecutor) -> Callable[[Any, _native.Task], Job]:
    """Return a decoder of the result of a submit."""

    def decode(data: types.PredictionData | None, task: _native.Task) -> Job:
        prediction = None if data is None else executor.decode_prediction(data)
        return Job(executor, _submitted_job(task), prediction)

    return decode


def async_job_decoder(executor: AsyncExecutor) -> Callable[[Any, _native.Task], AsyncJob]:
    """Return a decoder of the result of a submit."""

    def decode(data: types.PredictionData | None, task: _native.Task) -> AsyncJob:
        prediction = None if data is None else executor.decode_prediction(data)
        return AsyncJob(executor, _submitted_job(task), prediction)

    return decode


def _submitted_job(task: _native.Task) -> _native.NativeJob:
    job = task.job()
    assert job is not None  # noqa: S101 - a submit that succeeds has one
    return job
