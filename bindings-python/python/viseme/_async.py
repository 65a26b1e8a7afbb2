"""How the asyncio client carries operations out."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
)
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _native
from ._many import AsyncRunResult, Runs, task_ended
from ._operations import Listeners, download
from ._prediction import OnBytes
from ._progress import complain
from ._reach import Call, Reach, error_of, messages_of, refusal_of

if TYPE_CHECKING:
    from types import TracebackType

    from ._records import DownloadedFile

T = TypeVar("T")


class _Post:
    """The mailbox of one event loop: however many tasks speak at once, it is woken once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: dict[int, asyncio.Future[str | None]] = {}
        self._token = 0
        # The loop keeps this alive, not the other way round.
        to_loop, to_self = weakref.ref(loop), weakref.ref(self)

        def wake() -> None:
            loop, post = to_loop(), to_self()
            if loop is not None and post is not None and not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(post.deliver)
                except RuntimeError:
                    # It was closed in this very moment; nobody waits for letters any more.
                    return

        self.mailbox = _native.Mailbox(wake)

    def ask(self, task: _native.Task, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        self._token += 1
        token = self._token
        future: asyncio.Future[str | None] = loop.create_future()
        self.waiting[token] = future
        try:
            self.mailbox.post(task, token)
        except _native.Refusal as refusal:
            del self.waiting[token]
            raise refusal_of(refusal) from None
        return future

    def deliver(self) -> None:
        _native.deliver_logs()
        for token, batch in self.mailbox.fetch():
            future = self.waiting.pop(token, None)
            if future is not None and not future.done():
                future.set_result(batch)


_posts: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Post] = weakref.WeakKeyDictionary()


def next_batch(task: _native.Task) -> asyncio.Future[str | None]:
    """Ask for what a task says next. Is to be awaited, and the task cancelled where it is not."""
    loop = asyncio.get_running_loop()
    post = _posts.get(loop)
    if post is None:
        post = _posts[loop] = _Post(loop)
    return post.ask(task, loop)


async def carry_out(call: Call[T]) -> T:
    """Run an operation to its end. A cancelled task ends it at once."""
    task = call.open()
    try:
        while True:
            for message in messages_of(await next_batch(task)):
                if "value" in message:
                    return call.read(message["value"], task)
                if "error" in message:
                    raise error_of(message["error"], call.reach)
                if call.hear is not None:
                    await listened(call.hear(message["event"]))
    finally:
        call.close(task)


async def listened(said: list[object]) -> None:
    """Wait for listeners that are coroutine functions."""
    for one in said:
        if isawaitable(one):
            try:
                await one
            except Exception as error:
                complain(error)


class AsyncPaginator(Generic[T]):
    """An async iterator that asks the service as it goes. Leaving an ``async with`` ends it."""

    def __init__(
        self, reach: Reach, begin: Callable[[], _native.Task], read: Callable[[Any], T]
    ) -> None:
        self._items: AsyncGenerator[T, None] = _items(reach, begin, read)

    def __aiter__(self) -> AsyncIterator[T]:
        """Give itself."""
        return self._items

    async def __anext__(self) -> T:
        """Wait for the next one."""
        return await anext(self._items)

    async def aclose(self) -> None:
        """End it. Jobs that were submitted go on at the service."""
        await self._items.aclose()

    async def __aenter__(self) -> AsyncPaginator[T]:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        await self.aclose()


async def _items(
    reach: Reach, begin: Callable[[], _native.Task], read: Callable[[Any], T]
) -> AsyncGenerator[T, None]:
    task = begin()
    reach.tasks.add(task)
    try:
        while True:
            batch = await next_batch(task)
            if task_ended(task, batch, reach):
                return
            for message in messages_of(batch):
                if "error" in message:
                    raise error_of(message["error"], reach)
                yield read(message["item"])
    finally:
        reach.tasks.discard(task)
        task.cancel()


class AsyncManyItems(AsyncPaginator[AsyncRunResult]):
    """The results of many runs, as they are ready."""

    def __init__(
        self,
        begin: Callable[[], Runs],
        inputs: Iterable[Any] | AsyncIterable[Any],
        bar: Any,
    ) -> None:
        self._items = _results(begin, inputs, bar)


async def _results(
    begin: Callable[[], Runs], inputs: Iterable[Any] | AsyncIterable[Any], bar: Any
) -> AsyncGenerator[AsyncRunResult, None]:
    runs = begin()
    feeder: _Inline | _Feeder = (
        _Feeder(runs, inputs) if isinstance(inputs, AsyncIterable) else _Inline(runs, iter(inputs))
    )
    try:
        feeder.fill()
        while True:
            batch = await next_batch(runs.task)
            if batch is None:
                feeder.raise_failure()
            if task_ended(runs.task, batch, runs.reach):
                return
            for message in messages_of(batch):
                result, said = runs.read(message, AsyncRunResult)
                await listened(said)
                feeder.fill()
                if result is not None:
                    if bar is not None:
                        bar.add(result.ok)
                    yield result
    finally:
        await feeder.close()
        runs.close()
        if bar is not None:
            bar.close()


class _Inline:
    """Hands over inputs of a plain iterable."""

    def __init__(self, runs: Runs, inputs: Iterator[Any]) -> None:
        self._runs = runs
        self._inputs = inputs
        self._more = True

    def fill(self) -> None:
        if self._more and self._runs.has_room:
            self._more = self._runs.fill(self._inputs)

    def raise_failure(self) -> None:
        """Do nothing: what a plain iterable raises is raised where it is asked."""

    async def close(self) -> None:
        """Do nothing: there is no task."""


class _Feeder:
    """Hands over inputs that have to be waited for."""

    def __init__(self, runs: Runs, inputs: AsyncIterable[Any]) -> None:
        self._runs = runs
        self._room = asyncio.Event()
        self._failure: BaseException | None = None
        self._task = asyncio.get_running_loop().create_task(self._feed(inputs))

    async def _feed(self, inputs: AsyncIterable[Any]) -> None:
        try:
            async for given in inputs:
                while not self._runs.has_room:
                    self._room.clear()
                    await self._room.wait()
                self._runs.push(given)
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


async def with_listeners(listeners: Listeners, call: Call[T]) -> T:
    """Run an operation to its end, and leave the bar behind."""
    try:
        return await carry_out(call)
    finally:
        listeners.close()


async def with_bar(
    words: str,
    on_progress: OnBytes | None,
    progress: bool,
    make: Callable[[OnBytes | None], Call[T]],
) -> T:
    """Run an operation that counts bytes."""
    if not progress:
        return await carry_out(make(on_progress))
    from ._bar import BytesBar

    bar = BytesBar(words)

    def hear(so_far: int, total: int | None) -> object:
        bar.hear(so_far, total)
        return None if on_progress is None else on_progress(so_far, total)

    try:
        return await carry_out(make(hear))
    finally:
        bar.close()


async def save(
    reach: Reach | None, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
) -> DownloadedFile:
    """Save an output."""
    from ._default import anonymous_reach

    at = anonymous_reach() if reach is None else reach
    return await with_bar(
        "downloading", on_progress, progress, lambda hear: download(at, request, hear)
    )
