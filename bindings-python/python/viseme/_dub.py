"""Dubs: clips of any length, cut into segments of one job each. docs/dub.md describes them."""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from . import _native
from ._core_client import CoreClient, Operation, decode_messages
from ._ffmpeg import packaged_ffmpeg
from ._generated import ItemState
from ._settings import PATH, encode_value
from ._sync_executor import SyncExecutor, next_batch

if TYPE_CHECKING:
    from types import TracebackType

    from . import _generated_types as types
    from ._async_executor import AsyncExecutor  # noqa: F401 - a type in quotes

C = TypeVar("C", bound=CoreClient[Any])


@dataclass(frozen=True)
class DubUpdate:
    """A step of a dub."""

    stage: Literal["analysing", "cutting", "dubbing", "joining"]
    """What the dub works on."""
    done: int
    """How much of the stage is done: segments while it is ``dubbing``, otherwise frames."""
    total: int
    """How much there is; 0 if it is not known."""
    fraction: float
    """How much of the whole dub is done, from 0 to 1."""
    segment: str | None
    """The id of the segment whose state changed."""
    state: ItemState | None
    """The new state of the segment."""


@dataclass(frozen=True)
class DubSegment:
    """A part of a dub. Times are in seconds."""

    kind: Literal["dub", "keep"]
    """Whether one job dubs it, or it keeps the original picture."""
    start: float
    """When it starts."""
    end: float
    """When it ends."""


@dataclass(frozen=True)
class DubPlan:
    """Where a clip is cut, and what its dub costs. Times are in seconds, prices in USD."""

    segments: tuple[DubSegment, ...]
    """The parts of the dub, in order."""
    jobs: int
    """The number of jobs."""
    duration: float
    """The length of the dub."""
    dubbed: float
    """The length of the segments that are dubbed."""
    kept: float
    """The length of the segments that keep the original picture."""
    price: float | None
    """What the jobs cost; None if the model's prices are not known."""
    saved_jobs: int
    """How many jobs skipping silence saves."""
    saved_price: float | None
    """What skipping silence saves; None if the model's prices are not known."""
    cuts_in_speech: int
    """The number of cuts inside speech."""


@dataclass(frozen=True)
class DubResult:
    """The result of a dub."""

    out: Path
    """The dubbed clip."""
    segments: int
    """How many segments were dubbed."""
    spent: float
    """What the jobs cost in USD, all runs together."""


class _BaseDub(Generic[C]):
    """The parts of a dub that do not differ between the clients."""

    result: DubResult | None = None
    """The result of the last run; None until it is complete."""

    def __init__(
        self, executor: C, *, video: object, audio: object, out: object, options: Mapping[str, Any]
    ) -> None:
        self._executor = executor
        self._sources = {
            "video": encode_value("video", video, PATH),
            "audio": encode_value("audio", audio, PATH),
            "options": options,
            "fallbackFfmpeg": packaged_ffmpeg(),
        }
        self._out = encode_value("out", out, PATH)
        self._runs: weakref.WeakSet[Any] = weakref.WeakSet()
        executor.check_open()

    def __repr__(self) -> str:
        """Return the class and the output."""
        return f"<{type(self).__name__} to {self._out!r}>"

    def _start(self) -> _native.Task:
        self.result = None
        request = {"op": "dub", "out": self._out, **self._sources}
        return self._executor.start(Operation[None](request, lambda _, __: None))

    def _decode(self, message: dict[str, Any]) -> DubUpdate | None:
        """Return the update in a message, or handle the end or the error of the run."""
        if "event" in message:
            data: types.DubUpdate = message["event"]
            return DubUpdate(
                stage=data["stage"],
                done=data["done"],
                total=data["total"],
                fraction=data["fraction"],
                segment=data.get("segment"),
                state=data.get("state"),
            )
        if "error" in message:
            raise self._executor.decode_error(message["error"])
        result: types.DubResult = message["value"]
        self.result = DubResult(Path(result["out"]), result["segments"], result["spent"])
        return None

    def _plan_operation(self) -> Operation[DubPlan]:
        request = {"op": "dubPlan", **self._sources}
        return Operation(request, lambda value, _: _decode_plan(value))


class Dub(_BaseDub[SyncExecutor]):
    """A dub of one clip. Each iteration runs what is not done. Get it with `dub`."""

    def __iter__(self) -> Iterator[DubUpdate]:
        """Run what is not done. Yields each step; `result` is set at the end.

        Leaving the loop waits for the responses of submits in flight, and stops the run. Jobs that
        were submitted continue at the service; the next iteration saves their results.
        """
        run = self._run()
        self._runs.add(run)
        return run

    def plan(self) -> DubPlan:
        """Return the segments, the jobs and the price. Uploads and submits nothing."""
        return self._executor.execute(self._plan_operation())

    def close(self) -> None:
        """End the run. Jobs that were submitted continue at the service."""
        for run in list(self._runs):
            run.close()

    def __enter__(self) -> Dub:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the run."""
        self.close()

    def _run(self) -> Generator[DubUpdate, None, None]:
        task = self._start()
        try:
            while not self._executor.has_ended(messages := next_batch(task)):
                for message in decode_messages(messages):
                    update = self._decode(message)
                    if update is not None:
                        yield update
        finally:
            try:
                task.stop()
                while next_batch(task) is not None:
                    pass
            finally:
                self._executor.stop(task)


class AsyncDub(_BaseDub["AsyncExecutor"]):
    """A dub of one clip. Each iteration runs what is not done. Get it with `dub`."""

    def __aiter__(self) -> AsyncIterator[DubUpdate]:
        """Run what is not done. Yields each step; `result` is set at the end.

        Leaving the loop waits for the responses of submits in flight, and stops the run. Jobs that
        were submitted continue at the service; the next iteration saves their results.
        """
        run = self._run()
        self._runs.add(run)
        return run

    async def plan(self) -> DubPlan:
        """Return the segments, the jobs and the price. Uploads and submits nothing."""
        return await self._executor.execute(self._plan_operation())

    async def aclose(self) -> None:
        """End the run. Jobs that were submitted continue at the service."""
        for run in list(self._runs):
            await run.aclose()

    async def __aenter__(self) -> AsyncDub:
        """Return self."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the run."""
        await self.aclose()

    async def _run(self) -> AsyncGenerator[DubUpdate, None]:
        # Programs of the blocking client do not pay for the import of asyncio.
        from ._async_executor import next_batch

        task = self._start()
        try:
            while not self._executor.has_ended(messages := await next_batch(task)):
                for message in decode_messages(messages):
                    update = self._decode(message)
                    if update is not None:
                        yield update
        finally:
            try:
                task.stop()
                while await next_batch(task) is not None:
                    pass
            finally:
                self._executor.stop(task)


def _decode_plan(data: types.DubPlan) -> DubPlan:
    return DubPlan(
        segments=tuple(
            DubSegment(it["kind"], it["startMs"] / 1000, it["endMs"] / 1000)
            for it in data["segments"]
        ),
        jobs=data["jobs"],
        duration=data["durationMs"] / 1000,
        dubbed=data["dubbedMs"] / 1000,
        kept=data["keptMs"] / 1000,
        price=data.get("price"),
        saved_jobs=data["savedJobs"],
        saved_price=data.get("savedPrice"),
        cuts_in_speech=data["cutsInSpeech"],
    )
