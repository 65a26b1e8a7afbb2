"""Predictions and their outputs.

What few programs use is imported where it is used: the import of the package stays quick.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

if TYPE_CHECKING:
    from ._reach import Reach
    from ._records import DownloadedFile

OnBytes = Callable[[int, "int | None"], object]
"""Is told the bytes so far, and the size of the whole where it is known."""


class BaseOutput:
    """One output of a completed job. As text it is its URL, or the text it is."""

    __slots__ = ("_data", "_job_id", "_reach", "url", "value")

    url: str | None
    """Where it can be downloaded, for seven days."""
    value: Any
    """What the service sent: a URL or text as a string, anything else as JSON."""

    def __init__(self, data: dict[str, Any], job_id: str, reach: Reach | None) -> None:
        self._data = data
        self._job_id = job_id
        self._reach = reach
        if "json" in data:
            self.value = data["json"]
            json = cast("dict[str, Any]", self.value if isinstance(data["json"], dict) else {})
            url: object = json.get("url")
            self.url = url if isinstance(url, str) else None
        else:
            self.url = data.get("url")
            self.value = data.get("text", self.url)

    def __str__(self) -> str:
        """Give its URL, or the text it is."""
        return self.url or str(self.value)

    def __repr__(self) -> str:
        """Show the beginning of what was sent."""
        shown = repr(self.value)
        return f"{type(self).__name__}({shown if len(shown) <= 200 else shown[:200] + '…'})"

    def __eq__(self, other: object) -> bool:
        """Compare what was sent."""
        return isinstance(other, BaseOutput) and self._data == other._data

    def __hash__(self) -> int:
        """Hash what is shown."""
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has other clients.
        return type(self), (self._data, self._job_id, None)

    def request(self, to: str | os.PathLike[str], max_bytes: int | None) -> dict[str, Any]:
        """Describe its download."""
        request: dict[str, Any] = {"output": self._data, "jobId": self._job_id, "to": os.fspath(to)}
        return request if max_bytes is None else {**request, "maxBytes": max_bytes}


class Output(BaseOutput):
    """One output of a completed job. As text it is its URL, or the text it is."""

    __slots__ = ()

    def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Save it to a file, or into an existing folder under a name taken from its URL.

        The file appears when it is whole; a download that breaks off goes on where it was. The key
        is not sent. Outputs larger than `max_bytes` (default 2 GiB) are refused.
        """
        from ._sync import save

        return save(self._reach, self.request(to, max_bytes), on_progress, progress)

    def read(self, *, max_bytes: int | None = None) -> bytes:
        """Give its content. It is written to a temporary file first, which is removed."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="viseme-") as folder:
            return self.save(Path(folder, "output"), max_bytes=max_bytes).path.read_bytes()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from . import _notebook

        return _notebook.output_bundle(self)


class AsyncOutput(BaseOutput):
    """One output of a completed job, of an :class:`AsyncClient`."""

    __slots__ = ()

    async def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Save it to a file, or into an existing folder under a name taken from its URL.

        The file appears when it is whole; a download that breaks off goes on where it was. The key
        is not sent. Outputs larger than `max_bytes` (default 2 GiB) are refused.
        """
        from ._async import save

        return await save(self._reach, self.request(to, max_bytes), on_progress, progress)

    async def read(self, *, max_bytes: int | None = None) -> bytes:
        """Give its content. It is written to a temporary file first, which is removed."""
        import asyncio
        from tempfile import TemporaryDirectory

        folder = TemporaryDirectory(prefix="viseme-")
        try:
            saved = await self.save(Path(folder.name, "output"), max_bytes=max_bytes)
            return await asyncio.to_thread(saved.path.read_bytes)
        finally:
            folder.cleanup()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from . import _notebook

        return _notebook.output_bundle(self)


O_co = TypeVar("O_co", Output, AsyncOutput, covariant=True)


@dataclass(frozen=True)
class BasePrediction(Generic[O_co]):
    """What the service says of a job at one moment; it never changes.

    The service is loose about most fields: what is absent, ``null`` or of an unforeseen type is
    None or empty here.
    """

    id: str
    """The job's id."""
    model: str
    """The model that runs; empty where the service did not say."""
    status: str
    """The state of the job: the service's own word. One nobody knows means that it still runs."""
    outputs: tuple[O_co, ...] = ()
    """What came out; empty until the job is completed."""
    result_url: str | None = None
    """Where the service says the result can be read."""
    has_nsfw_contents: tuple[bool, ...] | None = None
    """For each output, whether it was judged unfit for work."""
    created_at: datetime | None = None
    """When the job was made, by the service's clock, in UTC."""
    error: str | None = None
    """What went wrong."""
    code: int | None = None
    """The service's application code; None where absent or 0."""
    execution_time: float | None = None
    """How many seconds the job ran, as the service measured it."""
    timings: dict[str, float] = field(default_factory=dict[str, float])
    """Parts of that time by name, in seconds."""
    input: Any = None
    """The input of the job, where the service repeats it (webhooks, history)."""
    recovered: Literal["input", "model_and_time"] | None = None
    """Set where the answer to the submit was lost and the job was found in the history."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    """Every other field of the service's answer."""
    _reach: Reach | None = field(default=None, repr=False, compare=False)

    @property
    def output(self) -> O_co | None:
        """The first output that has a URL, or else the first of all."""
        with_url = (output for output in self.outputs if output.url is not None)
        return next(with_url, self.outputs[0] if self.outputs else None)

    @property
    def output_url(self) -> str | None:
        """The URL of the first output that has one."""
        output = self.output
        return None if output is None else output.url

    def __getitem__(self, name: str) -> Any:
        """Give a field by name, with outputs as the service sent them.

        For code that was written for the official package: ``result["outputs"][0]``.
        """
        if name == "outputs":
            return [output.value for output in self.outputs]
        if name not in self.__dataclass_fields__ or name.startswith("_"):
            raise KeyError(name)
        return getattr(self, name)

    def __hash__(self) -> int:
        """Hash what it is about."""
        return hash((self.id, self.status))

    def __getstate__(self) -> dict[str, Any]:
        # Another process has other clients.
        return {**self.__dict__, "_reach": None}

    def request(self, to: str | os.PathLike[str], max_bytes: int | None) -> dict[str, Any]:
        """Describe the download of its output."""
        output = self.output
        if output is None:
            return {"jobId": self.id, "to": os.fspath(to)}
        return output.request(to, max_bytes)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from . import _notebook

        return _notebook.prediction_bundle(self)


class Prediction(BasePrediction[Output]):
    """What the service says of a job at one moment; it never changes."""

    def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Save its output, as :meth:`Output.save` does; a DownloadError if there is none."""
        from ._sync import save

        return save(self._reach, self.request(to, max_bytes), on_progress, progress)


class AsyncPrediction(BasePrediction[AsyncOutput]):
    """What the service says of a job at one moment, of an :class:`AsyncClient`."""

    async def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Save its output, as :meth:`AsyncOutput.save` does; a DownloadError if there is none."""
        from ._async import save

        return await save(self._reach, self.request(to, max_bytes), on_progress, progress)


def prediction_of(data: dict[str, Any], reach: Reach | None) -> Prediction:
    """Make a prediction of what came over the border."""
    outputs = tuple(Output(output, data["id"], reach) for output in data["outputs"])
    return Prediction(outputs=outputs, **_fields(data), _reach=reach)


def async_prediction_of(data: dict[str, Any], reach: Reach | None) -> AsyncPrediction:
    """Make a prediction of what came over the border."""
    outputs = tuple(AsyncOutput(output, data["id"], reach) for output in data["outputs"])
    return AsyncPrediction(outputs=outputs, **_fields(data), _reach=reach)


def moment_of(millis: float | None) -> datetime | None:
    """Make a moment of milliseconds since 1970."""
    return None if millis is None else datetime.fromtimestamp(millis / 1000, timezone.utc)


def seconds_of(millis: float | None) -> float | None:
    """Make seconds of milliseconds."""
    return None if millis is None else millis / 1000


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    get = data.get
    nsfw = get("hasNsfwContents")
    return {
        "id": data["id"],
        "model": data["model"],
        "status": data["status"],
        "result_url": get("resultUrl"),
        "has_nsfw_contents": None if nsfw is None else tuple(nsfw),
        "created_at": moment_of(get("createdAt")),
        "error": get("error"),
        "code": get("code"),
        "execution_time": seconds_of(get("executionTimeMs")),
        "timings": {name: time / 1000 for name, time in get("timingsMs", {}).items()},
        "input": get("input"),
        "recovered": get("recovered"),
        "extra": get("extra", {}),
    }
