"""Batches: the rows of a table, each paid for once. docs/batches.md describes them."""

from __future__ import annotations

import os
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from . import _native
from ._core_client import CoreClient, Operation, decode_messages
from ._errors import VisemeError, add_note, make_error
from ._generated import ItemState, decode_moment
from ._inputs import encode_cell, invalid_input, is_of_library, normalize_input
from ._logs import logger
from ._models import to_plain
from ._progress_bar import ManyBar
from ._settings import BOOL, PATH, encode_value
from ._sync_executor import SyncExecutor, next_batch

if TYPE_CHECKING:
    from types import TracebackType

    from . import _generated_types as types
    from ._async_executor import AsyncExecutor  # noqa: F401 - a type in quotes

C = TypeVar("C", bound=CoreClient[Any])


@dataclass(frozen=True)
class BatchItem:
    """A row of a batch and its result."""

    id: str
    """The id of the row."""
    row: str
    """Where the row stands: ``jobs.csv:17``, or ``row 3`` for the fourth of the rows given."""
    state: ItemState
    """``done``, ``failed``, ``refused``, ``unknown``, … docs/batches.md describes each."""
    outputs: tuple[Path, ...]
    """The files of the result."""
    job_id: str | None
    """The id of the job."""
    price: float | None
    """What the job costs in USD."""
    error_code: str | None
    """The stable code of the error."""
    error: str | None
    """What is wrong and what to do."""
    same_as: str | None
    """The id of an earlier row with an equal input, whose result this row gets."""
    failures: int
    """How many jobs of the row ended without a result."""
    sent_at: datetime | None
    """When the submit was sent."""

    @property
    def ok(self) -> bool:
        """Whether the result is saved."""
        return self.state == "done"

    @property
    def output(self) -> Path | None:
        """The first file of the result."""
        return self.outputs[0] if self.outputs else None

    def to_dict(self) -> dict[str, Any]:
        """Return the item as plain JSON values."""
        values: dict[str, Any] = to_plain(vars(self))
        return {**values, "outputs": list(map(str, self.outputs))}

    def as_row(self) -> dict[str, Any]:
        """Return the item as one row of a table."""
        return {
            "id": self.id,
            "state": self.state,
            "job_id": self.job_id,
            "output": "; ".join(map(str, self.outputs)) or None,
            "price": self.price,
            "error_code": self.error_code,
            "error": self.error,
        }


@dataclass(frozen=True)
class BatchSummary:
    """How many rows of a batch are in each state, and what their jobs cost."""

    total: int
    """The number of rows."""
    states: dict[ItemState, int]
    """The states that occur, and how many rows are in each."""
    spent: float
    """What the jobs cost in USD: each whose submit was or may have been accepted."""

    def __str__(self) -> str:
        """Return one line: ``27 done, 3 failed; $1.89``."""
        counts = ", ".join(f"{count} {state}" for state, count in self.states.items()) or "no rows"
        cents = f"{self.spent:.6f}"
        while cents.endswith("0") and len(cents.partition(".")[2]) > 2:
            cents = cents[:-1]
        return f"{counts}; ${cents}" if self.spent else counts


@dataclass(frozen=True)
class BatchStopReason:
    """Why a run of a batch submitted nothing more."""

    code: str
    """``cost_limit``, ``interrupted``, or the stable code of an error."""
    message: str
    """What happened and what to do."""


class _BaseBatch(Generic[C]):
    """The parts of a batch that do not differ between the clients."""

    stop_reason: BatchStopReason | None = None
    """Why the last run submitted nothing more; None if it did not stop."""
    total: int | None = None
    """How many rows the last run works on; None before it starts."""

    def __init__(
        self,
        executor: C,
        manifest: object,
        *,
        out: object,
        progress: bool,
        options: Mapping[str, Any],
    ) -> None:
        self._executor = executor
        self._out = encode_value("out", out, PATH)
        self._progress = bool(encode_value("progress", progress, BOOL))
        self._frame: Any = manifest if _rows_of_frame(manifest) is not None else None
        self._place = {"manifest": _encode_manifest(manifest), "out": self._out}
        self._options = options
        self._bar: ManyBar | None = None
        self._runs: weakref.WeakSet[Any] = weakref.WeakSet()
        executor.check_open()

    def __repr__(self) -> str:
        """Return the class and the folder."""
        return f"<{type(self).__name__} in {self._out!r}>"

    def _start(self) -> _native.Task:
        self.stop_reason = self.total = None
        request = {"op": "batch", **self._place, "options": self._options}
        return self._executor.start(Operation[None](request, lambda _, __: None))

    def _decode(self, message: dict[str, Any]) -> BatchItem | None:
        """Return the item in a message, or handle the start, the end or the error of the run."""
        if "item" in message:
            item = _decode_item(message["item"])
            if self._bar is not None:
                self._bar.add(item.ok)
            return item
        if "event" in message:
            self.total = message["event"]["total"]
            self._bar = ManyBar(self.total) if self._progress else None
        elif "error" in message:
            error = self._executor.decode_error(message["error"])
            self.stop_reason = BatchStopReason(error.code, error.message)
            raise error
        elif (reason := message["value"].get("stopReason")) is not None:
            hint = " Use a higher `max_cost` to continue." if reason["code"] == "cost_limit" else ""
            self.stop_reason = BatchStopReason(reason["code"], reason["message"] + hint)
        return None

    def _interrupt(self, error: BaseException) -> None:
        """Say how to go on after an interrupt or a cancellation, not after a loop that was left."""
        if isinstance(error, (Exception, GeneratorExit)):
            return
        message = (
            f"The batch in {self._out!r} is not done. Jobs that were submitted continue at the "
            "service; the same call resumes it and pays for no row twice."
        )
        self.stop_reason = BatchStopReason("interrupted", message)
        logger().warning("%s", message)
        add_note(error, message)

    def _end(self, task: _native.Task) -> None:
        self._executor.stop(task)
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _items_operation(self) -> Operation[list[BatchItem]]:
        request = {"op": "batchItems", **self._place}
        return Operation(request, lambda value, _: list(map(_decode_item, value)))

    def _summary_operation(self) -> Operation[BatchSummary]:
        def decode(value: types.BatchSummary, _: object) -> BatchSummary:
            states = cast("dict[ItemState, int]", value["states"])
            return BatchSummary(value["total"], states, value["spent"])

        return Operation({"op": "batchSummary", **self._place}, decode)

    def _results_of(self, items: list[BatchItem]) -> Any:
        rows = [item.as_row() for item in items]
        if self._frame is None:
            given: list[dict[str, Any]] = self._place["manifest"].get("rows", [{}] * len(rows))
            return [{**cells, **row} for cells, row in zip(given, rows, strict=True)]
        frame = self._frame
        names = [name for name in _RESULT_COLUMNS if name != "id" or "id" not in frame.columns]
        columns = {name: [row[name] for row in rows] for name in names}
        if is_of_library(frame, "pandas"):
            return frame.assign(**columns)
        others = frame.drop([name for name in names if name in frame.columns])
        return others.hstack(type(frame)(columns))


class Batch(_BaseBatch[SyncExecutor]):
    """The rows of a batch. Each iteration runs those that are not done. Get it with `batch`."""

    def __iter__(self) -> Iterator[BatchItem]:
        """Run the rows that are not done. Yields each as it ends.

        Leaving the loop waits for the responses of submits in flight, and stops the run. Jobs that
        were submitted continue at the service; the next iteration saves their results.
        """
        run = self._run()
        self._runs.add(run)
        return run

    def items(self) -> list[BatchItem]:
        """Return all rows with their states, in the order of the manifest."""
        return self._executor.execute(self._items_operation())

    def summary(self) -> BatchSummary:
        """Return how many rows are in each state, and what their jobs cost."""
        return self._executor.execute(self._summary_operation())

    def results(self) -> Any:
        """Return the rows with their results, in the order of the manifest.

        If the rows are a pandas or polars DataFrame, returns a new one with more columns: the
        ``id`` if it has none, ``state``, ``job_id``, ``output``, ``price``, ``error_code`` and
        ``error``. Otherwise returns a list of dicts.
        """
        return self._results_of(self.items())

    def close(self) -> None:
        """End the run. Jobs that were submitted continue at the service."""
        for run in list(self._runs):
            run.close()

    def __enter__(self) -> Batch:
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

    def _run(self) -> Generator[BatchItem, None, None]:
        task = self._start()
        try:
            while not self._executor.has_ended(messages := next_batch(task)):
                for message in decode_messages(messages):
                    item = self._decode(message)
                    if item is not None:
                        yield item
        except BaseException as error:
            self._interrupt(error)
            raise
        finally:
            try:
                task.stop()
                while next_batch(task) is not None:
                    pass
            finally:
                self._end(task)


class AsyncBatch(_BaseBatch["AsyncExecutor"]):
    """The rows of a batch. Each iteration runs those that are not done. Get it with `batch`."""

    _open = 0
    """How many runs have not ended."""

    def __aiter__(self) -> AsyncIterator[BatchItem]:
        """Run the rows that are not done. Yields each as it ends.

        Leaving the loop waits for the responses of submits in flight, and stops the run. Jobs that
        were submitted continue at the service; the next iteration saves their results.
        """
        run = self._run()
        self._runs.add(run)
        return run

    async def items(self) -> list[BatchItem]:
        """Return all rows with their states, in the order of the manifest."""
        return await self._executor.execute(self._items_operation())

    async def summary(self) -> BatchSummary:
        """Return how many rows are in each state, and what their jobs cost."""
        return await self._executor.execute(self._summary_operation())

    async def results(self) -> Any:
        """Return the rows with their results, in the order of the manifest.

        If the rows are a pandas or polars DataFrame, returns a new one with more columns: the
        ``id`` if it has none, ``state``, ``job_id``, ``output``, ``price``, ``error_code`` and
        ``error``. Otherwise returns a list of dicts.
        """
        return self._results_of(await self.items())

    async def aclose(self) -> None:
        """End the run. Jobs that were submitted continue at the service."""
        for run in list(self._runs):
            await run.aclose()
        await self._wait_for_ends(0)

    async def __aenter__(self) -> AsyncBatch:
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

    async def _run(self) -> AsyncGenerator[BatchItem, None]:
        # Programs of the blocking client do not pay for the import of asyncio.
        from ._async_executor import next_batch

        # This run is one of those that a loop holds.
        await self._wait_for_ends(len(self._runs) - 1)
        task = self._start()
        self._open += 1
        try:
            while not self._executor.has_ended(messages := await next_batch(task)):
                for message in decode_messages(messages):
                    item = self._decode(message)
                    if item is not None:
                        yield item
        except BaseException as error:
            self._interrupt(error)
            raise
        finally:
            try:
                task.stop()
                while await next_batch(task) is not None:
                    pass
            finally:
                self._open -= 1
                self._end(task)

    async def _wait_for_ends(self, held: int) -> None:
        """Wait until no runs are open but those that a loop holds.

        asyncio ends a run whose loop was left in a task of its own.
        """
        from asyncio import sleep

        while self._open > held:  # noqa: ASYNC110 - a loop may be left in another event loop
            await sleep(0.01)


_RESULT_COLUMNS = ("id", "state", "job_id", "output", "price", "error_code", "error")


def _rows_of_frame(value: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a DataFrame; None for other values."""
    if is_of_library(value, "pandas") and hasattr(value, "iterrows"):
        return cast("list[dict[str, Any]]", value.to_dict("records"))
    if is_of_library(value, "polars") and hasattr(value, "to_dicts"):
        return cast("list[dict[str, Any]]", value.to_dicts())
    return None


def _encode_manifest(manifest: object) -> dict[str, Any]:
    if isinstance(manifest, (str, os.PathLike)):
        return {"path": os.fsdecode(cast("str", manifest))}
    rows: object = _rows_of_frame(manifest)
    rows = manifest if rows is None else rows
    if not isinstance(rows, Iterable) or isinstance(rows, (bytes, bytearray, Mapping)):
        expected = "the path of a CSV or JSON Lines file or a folder, an iterable of rows, or a "
        raise invalid_input("manifest", f"{expected}DataFrame", manifest)
    encoded: list[dict[str, Any]] = []
    errors: list[str] = []
    for index, row in enumerate(cast("Iterable[object]", rows)):
        try:
            encoded.append(_encode_row(row))
        except VisemeError as error:
            errors.append(f"row {index}: {error.message}")
    if errors:
        lines = "\n".join(["Rows are not valid; nothing was sent.", *errors])
        raise make_error("invalid_input", lines)
    return {"rows": encoded}


def _encode_row(row: object) -> dict[str, Any]:
    if isinstance(row, str):
        raise invalid_input("row", "a dict with the columns of the row, or an input", row)
    given = normalize_input(row, None)
    cells = {"model": given.model, **given.parameters}
    for name in cells:
        if not isinstance(cast("object", name), str):
            raise invalid_input("row", "a dict with text as keys", cells)
    return {name: encode_cell(name, value) for name, value in cells.items()}


def _decode_item(data: types.BatchItem) -> BatchItem:
    return BatchItem(
        id=data["id"],
        row=data["row"],
        state=data["state"],
        outputs=tuple(map(Path, data["outputs"])),
        job_id=data.get("jobId"),
        price=data.get("price"),
        error_code=data.get("errorCode"),
        error=data.get("error"),
        same_as=data.get("sameAs"),
        failures=data["failures"],
        sent_at=decode_moment(data["sentAt"]) if "sentAt" in data else None,
    )
