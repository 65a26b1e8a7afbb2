"""Executes operations for the blocking client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _native
from ._core_client import (
    CoreClient,
    Operation,
    decode_messages,
    native_errors,
    on_main_thread,
)
from ._errors import VisemeError
from ._logs import deliver_logs
from ._models import DownloadedFile, OnBytes, Prediction, decode_prediction
from ._operations import download, download_outputs
from ._progress_bar import ManyBar, byte_callbacks
from ._run_many import ManyRuns, RunResult

if TYPE_CHECKING:
    from types import TracebackType

    from . import _generated_types as types

T = TypeVar("T")


class SyncExecutor(CoreClient[Prediction]):
    """Executes operations on the calling thread. The GIL is released while it waits."""

    def decode_prediction(self, data: types.PredictionData, /) -> Prediction:
        """Decode a prediction."""
        return decode_prediction(data, self)

    def execute(self, operation: Operation[T]) -> T:
        """Execute an operation to its end."""
        try:
            self.check_open()
            operation.read_media()
            task = self.start(operation)
            try:
                return execute_task(task, operation, self.decode_error)
            except BaseException as error:
                self.interrupt(task, error)
                raise
            finally:
                self.stop(task)
        finally:
            operation.close()

    def paginate(self, operation: Operation[T]) -> Paginator[T]:
        """Return an iterator over the items of an operation. It starts with the first item."""
        return Paginator(self._items(operation))

    def run_many(
        self, runs: ManyRuns[Prediction], inputs: Iterable[Any], bar: ManyBar | None
    ) -> Paginator[RunResult]:
        """Return an iterator over the results of many runs."""
        return Paginator(self._results(runs, iter(inputs), bar))

    def download_output(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> DownloadedFile:
        """Download an output to a file."""
        return self.execute(download(request, byte_callbacks("downloading", on_progress, progress)))

    def download_outputs(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> list[DownloadedFile]:
        """Download all outputs of a job."""
        callbacks = byte_callbacks("downloading", on_progress, progress)
        return self.execute(download_outputs(request, callbacks))

    def _items(self, operation: Operation[T]) -> Generator[T, None, None]:
        task = self.start(operation)
        try:
            while not self.has_ended(batch := next_batch(task)):
                for message in decode_messages(batch):
                    if "error" in message:
                        raise self.decode_error(message["error"])
                    yield operation.decode(message["item"], task)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.interrupt(task, error)
            raise
        finally:
            self.stop(task)

    def _results(
        self, runs: ManyRuns[Prediction], inputs: Iterator[Any], bar: ManyBar | None
    ) -> Generator[RunResult, None, None]:
        runs.start()
        try:
            more = runs.fill(inputs)
            while not self.has_ended(batch := next_batch(runs.task)):
                for message in runs.take(decode_messages(batch)):
                    if runs.on_event(message) is not None:
                        continue
                    result = RunResult(*runs.decode(message))
                    if more and runs.has_room:
                        more = runs.fill(inputs)
                    if bar is not None:
                        bar.add(result.ok)
                    yield result
        except BaseException as error:
            self.interrupt(runs.task, error, runs.unseen_job_ids())
            raise
        finally:
            runs.close()
            if bar is not None:
                bar.close()


class Paginator(Generic[T]):
    """An iterator that loads as needed. Use ``with`` to end it early."""

    def __init__(self, items: Generator[T, None, None]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[T]:
        """Return an iterator over the items."""
        return self._items

    def __next__(self) -> T:
        """Wait for the next item."""
        return next(self._items)

    def close(self) -> None:
        """End the iteration. Jobs that were submitted continue at the service."""
        self._items.close()

    def __enter__(self) -> Paginator[T]:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration."""
        self.close()


def execute_task(
    task: _native.Task,
    operation: Operation[T],
    decode_error: Callable[[types.ErrorData], VisemeError],
) -> T:
    """Handle the messages of a task until its result."""
    while True:
        for message in decode_messages(next_batch(task)):
            if "value" in message:
                return operation.decode(message["value"], task)
            if "error" in message:
                raise decode_error(message["error"])
            operation.on_event(message["event"])


def next_batch(task: _native.Task) -> str | None:
    """Wait for the next messages of a task. On the main thread, signals are handled meanwhile."""
    try:
        with native_errors():
            return task.next(on_main_thread())
    finally:
        deliver_logs()
