"""How the blocking client carries operations out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _native
from ._many import RunResult, Runs, task_ended
from ._operations import Listeners, download
from ._prediction import OnBytes
from ._reach import Call, Reach, error_of, messages_of, refusal_of

if TYPE_CHECKING:
    from types import TracebackType

    from ._records import DownloadedFile

T = TypeVar("T")


def next_batch(task: _native.Task) -> str | None:
    """Wait for what a task says next. Signals are answered on the main thread, as ever."""
    try:
        return task.next(threading.current_thread() is threading.main_thread())
    except _native.Refusal as refusal:
        raise refusal_of(refusal) from None


def carry_out(call: Call[T]) -> T:
    """Run an operation to its end."""
    task = call.open()
    try:
        while True:
            for message in messages_of(next_batch(task)):
                if "value" in message:
                    return call.read(message["value"], task)
                if "error" in message:
                    raise error_of(message["error"], call.reach)
                if call.hear is not None:
                    call.hear(message["event"])
    finally:
        call.close(task)


class Paginator(Generic[T]):
    """An iterator that asks the service as it goes. Leaving a ``with`` block ends it early."""

    def __init__(
        self, reach: Reach, begin: Callable[[], _native.Task], read: Callable[[Any], T]
    ) -> None:
        self._items: Generator[T, None, None] = _items(reach, begin, read)

    def __iter__(self) -> Iterator[T]:
        """Give itself."""
        return self._items

    def __next__(self) -> T:
        """Wait for the next one."""
        return next(self._items)

    def close(self) -> None:
        """End it. Jobs that were submitted go on at the service."""
        self._items.close()

    def __enter__(self) -> Paginator[T]:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()


def _items(
    reach: Reach, begin: Callable[[], _native.Task], read: Callable[[Any], T]
) -> Generator[T, None, None]:
    task = begin()
    reach.tasks.add(task)
    try:
        while True:
            batch = next_batch(task)
            if task_ended(task, batch, reach):
                return
            for message in messages_of(batch):
                if "error" in message:
                    raise error_of(message["error"], reach)
                yield read(message["item"])
    finally:
        reach.tasks.discard(task)
        task.cancel()


class ManyItems(Paginator[RunResult]):
    """The results of many runs, as they are ready."""

    def __init__(self, begin: Callable[[], Runs], inputs: Iterable[Any], bar: Any) -> None:
        self._items = _results(begin, iter(inputs), bar)


def _results(
    begin: Callable[[], Runs], inputs: Iterator[Any], bar: Any
) -> Generator[RunResult, None, None]:
    runs = begin()
    reach = runs.reach
    try:
        more = runs.fill(inputs)
        while True:
            batch = next_batch(runs.task)
            if task_ended(runs.task, batch, reach):
                return
            for message in messages_of(batch):
                result, _ = runs.read(message, RunResult)
                if more and runs.has_room:
                    more = runs.fill(inputs)
                if result is not None:
                    if bar is not None:
                        bar.add(result.ok)
                    yield result
    finally:
        runs.close()
        if bar is not None:
            bar.close()


def with_listeners(listeners: Listeners, call: Call[T]) -> T:
    """Run an operation to its end, and leave the bar behind."""
    try:
        return carry_out(call)
    finally:
        listeners.close()


def with_bar(
    words: str,
    on_progress: OnBytes | None,
    progress: bool,
    make: Callable[[OnBytes | None], Call[T]],
) -> T:
    """Run an operation that counts bytes."""
    if not progress:
        return carry_out(make(on_progress))
    from ._bar import BytesBar

    bar = BytesBar(words)

    def hear(so_far: int, total: int | None) -> object:
        bar.hear(so_far, total)
        return None if on_progress is None else on_progress(so_far, total)

    try:
        return carry_out(make(hear))
    finally:
        bar.close()


def save(
    reach: Reach | None, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
) -> DownloadedFile:
    """Save an output."""
    from ._default import anonymous_reach

    at = anonymous_reach() if reach is None else reach
    return with_bar("downloading", on_progress, progress, lambda hear: download(at, request, hear))
