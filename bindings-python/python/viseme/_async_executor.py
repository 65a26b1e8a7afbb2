"""Executes operations for the asyncio client."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
)
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _native
from ._async_models import AsyncPrediction, decode_async_prediction
from ._core_client import (
    CoreClient,
    Operation,
    decode_messages,
    native_errors,
    on_main_thread,
)
from ._errors import VisemeError
from ._logs import deliver_logs
from ._models import DownloadedFile, OnBytes
from ._operations import download, download_outputs
from ._progress import MustSucceed, warn_callback_error
from ._progress_bar import ManyBar, byte_callbacks
from ._run_many import BaseRunResult, ManyRuns

if TYPE_CHECKING:
    from types import TracebackType

    from . import _generated_types as types

T = TypeVar("T")


@dataclass(frozen=True)
class AsyncRunResult(BaseRunResult):
    """The result of one of many runs of an ``AsyncClient``: a prediction or an error."""

    index: int
    """The position of the input, counted from 0."""
    prediction: AsyncPrediction | None
    error: VisemeError | None

    def unwrap(self) -> AsyncPrediction:
        """Return the prediction, or raise the error."""
        if self.prediction is None:
            assert self.error is not None  # noqa: S101 - it is one or the other
            raise self.error
        return self.prediction


class AsyncExecutor(CoreClient[AsyncPrediction]):
    """Executes operations on the running event loop. Cancelling a task ends its operation."""

    def decode_prediction(self, data: types.PredictionData, /) -> AsyncPrediction:
        """Decode a prediction."""
        return decode_async_prediction(data, self)

    async def execute(self, operation: Operation[T]) -> T:
        """Execute an operation to its end."""
        try:
            self.check_open()
            await operation.read_media_async()
            task = self.start(operation)
            try:
                return await self._execute_task(task, operation)
            except BaseException as error:
                self.interrupt(task, error)
                raise
            finally:
                self.stop(task)
        finally:
            operation.close()

    def paginate(self, operation: Operation[T]) -> AsyncPaginator[T]:
        """Return an iterator over the items of an operation. It starts with the first item."""
        return AsyncPaginator(self._items(operation))

    def run_many(
        self,
        runs: ManyRuns[AsyncPrediction],
        inputs: Iterable[Any] | AsyncIterable[Any],
        bar: ManyBar | None,
    ) -> AsyncPaginator[AsyncRunResult]:
        """Return an iterator over the results of many runs."""
        return AsyncPaginator(self._results(runs, inputs, bar))

    async def download_output(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> DownloadedFile:
        """Download an output to a file."""
        callbacks = byte_callbacks("downloading", on_progress, progress)
        return await self.execute(download(request, callbacks))

    async def download_outputs(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> list[DownloadedFile]:
        """Download all outputs of a job."""
        callbacks = byte_callbacks("downloading", on_progress, progress)
        return await self.execute(download_outputs(request, callbacks))

    async def _execute_task(self, task: _native.Task, operation: Operation[T]) -> T:
        while True:
            for message in decode_messages(await next_batch(task)):
                if "value" in message:
                    return operation.decode(message["value"], task)
                if "error" in message:
                    raise self.decode_error(message["error"])
                await await_callbacks(operation.on_event(message["event"]))

    async def _items(self, operation: Operation[T]) -> AsyncGenerator[T, None]:
        task = self.start(operation)
        try:
            while not self.has_ended(batch := await next_batch(task)):
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

    async def _results(
        self,
        runs: ManyRuns[AsyncPrediction],
        inputs: Iterable[Any] | AsyncIterable[Any],
        bar: ManyBar | None,
    ) -> AsyncGenerator[AsyncRunResult, None]:
        runs.start()
        feeder: _IterableFeeder | _AsyncFeeder = (
            _AsyncFeeder(runs, inputs)
            if isinstance(inputs, AsyncIterable)
            else _IterableFeeder(runs, iter(inputs))
        )
        try:
            feeder.fill()
            while True:
                batch = await next_batch(runs.task)
                if batch is None:
                    feeder.raise_failure()
                if self.has_ended(batch):
                    return
                for message in runs.take(decode_messages(batch)):
                    returned = runs.on_event(message)
                    if returned is not None:
                        await await_callbacks(returned)
                        continue
                    result = AsyncRunResult(*runs.decode(message))
                    feeder.fill()
                    if bar is not None:
                        bar.add(result.ok)
                    yield result
        except BaseException as error:
            self.interrupt(runs.task, error, runs.unseen_job_ids())
            raise
        finally:
            await feeder.close()
            runs.close()
            if bar is not None:
                bar.close()


class AsyncPaginator(Generic[T]):
    """An async iterator that loads as needed. Use ``async with`` to end it early."""

    def __init__(self, items: AsyncGenerator[T, None]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[T]:
        """Return an iterator over the items."""
        return self._items

    async def __anext__(self) -> T:
        """Wait for the next item."""
        return await anext(self._items)

    async def aclose(self) -> None:
        """End the iteration. Jobs that were submitted continue at the service."""
        await self._items.aclose()

    async def __aenter__(self) -> AsyncPaginator[T]:
        """Return self."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration."""
        await self.aclose()


class _LoopDispatcher:
    """Delivers the messages of tasks to one event loop, which it wakes once for many of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting: dict[int, asyncio.Future[str | None]] = {}
        self._last_request_id = 0
        # The loop keeps the dispatcher alive, not the other way round.
        weak_loop, weak_self = weakref.ref(loop), weakref.ref(self)

        def wake() -> None:
            loop, dispatcher = weak_loop(), weak_self()
            if loop is not None and dispatcher is not None and not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(dispatcher.dispatch)
                except RuntimeError:
                    # The loop was closed in between; nobody waits any more.
                    return

        self._queue = _native.CompletionQueue(wake)

    def request(
        self, task: _native.Task, loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[str | None]:
        """Request the next messages of a task."""
        self._last_request_id += 1
        request_id = self._last_request_id
        future: asyncio.Future[str | None] = loop.create_future()
        self._waiting[request_id] = future
        try:
            with native_errors():
                self._queue.request(task, request_id, on_main_thread())
        except BaseException:
            del self._waiting[request_id]
            raise
        return future

    def dispatch(self) -> None:
        """Hand the finished requests to their futures."""
        deliver_logs()
        for request_id, batch in self._queue.take():
            future = self._waiting.pop(request_id, None)
            if future is not None and not future.done():
                future.set_result(batch)


_dispatchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopDispatcher] = (
    weakref.WeakKeyDictionary()
)


def next_batch(task: _native.Task) -> asyncio.Future[str | None]:
    """Request the next messages of a task. The caller must await it, and cancel the task."""
    loop = asyncio.get_running_loop()
    dispatcher = _dispatchers.get(loop)
    if dispatcher is None:
        dispatcher = _dispatchers[loop] = _LoopDispatcher(loop)
    return dispatcher.request(task, loop)


async def await_callbacks(returned: list[object]) -> None:
    """Wait for callbacks that are coroutine functions."""
    for it in returned:
        if isinstance(it, MustSucceed):
            if isawaitable(it.returned):
                await it.returned
        elif isawaitable(it):
            try:
                await it
            except Exception as error:
                warn_callback_error(error)


class _IterableFeeder:
    """Hands over the inputs of an iterable."""

    def __init__(self, runs: ManyRuns[AsyncPrediction], inputs: Iterator[Any]) -> None:
        self._runs = runs
        self._inputs = inputs
        self._more = True

    def fill(self) -> None:
        if self._more and self._runs.has_room:
            self._more = self._runs.fill(self._inputs)

    def raise_failure(self) -> None:
        """Do nothing: `fill` raises what the iterable raises."""

    async def close(self) -> None:
        """Do nothing: there is no task."""


class _AsyncFeeder:
    """Hands over the inputs of an async iterable, from a task of its own."""

    def __init__(self, runs: ManyRuns[AsyncPrediction], inputs: AsyncIterable[Any]) -> None:
        self._runs = runs
        self._room = asyncio.Event()
        self._failure: BaseException | None = None
        self._task = asyncio.get_running_loop().create_task(self._feed(inputs))

    async def _feed(self, inputs: AsyncIterable[Any]) -> None:
        try:
            async for item in inputs:
                while not self._runs.has_room:
                    self._room.clear()
                    await self._room.wait()
                self._runs.push(item)
            self._runs.task.finish()
        except Exception as error:
            self._failure = error
            self._runs.task.cancel()

    def fill(self) -> None:
        self._room.set()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
