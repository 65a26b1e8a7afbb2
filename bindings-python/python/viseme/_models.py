"""Results with behaviour: predictions, their outputs, and webhook deliveries.

Plain results are in ``_generated``. A prediction does not know its client; it holds a downloader,
which the client provides.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union, cast

from . import _notebook
from ._generated import PredictionFields, decode_moment, prediction_fields

if TYPE_CHECKING:
    from . import _generated_types as types

OnBytes = Callable[[int, Union[int, None]], object]
"""A callback that gets the bytes so far, and the total if it is known."""


@dataclass(frozen=True)
class DownloadedFile:
    """A finished download."""

    path: Path
    """The path of the file."""
    bytes: int
    """The size in bytes."""


class Downloader(Protocol):
    """Downloads outputs for the blocking client."""

    def download_output(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> DownloadedFile:
        """Download an output to a file."""
        ...


class AsyncDownloader(Protocol):
    """Downloads outputs for the asyncio client."""

    async def download_output(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> DownloadedFile:
        """Download an output to a file."""
        ...


@dataclass
class _FallbackDownloaders:
    """The downloaders of predictions that have no client, such as unpickled ones."""

    blocking: Callable[[], Downloader] | None = None
    asynchronous: Callable[[], AsyncDownloader] | None = None


_fallback = _FallbackDownloaders()


def set_fallback_downloaders(
    blocking: Callable[[], Downloader], asynchronous: Callable[[], AsyncDownloader]
) -> None:
    """Set the downloaders of predictions that have no client."""
    _fallback.blocking, _fallback.asynchronous = blocking, asynchronous


def _downloader(own: Downloader | None) -> Downloader:
    if own is not None:
        return own
    assert _fallback.blocking is not None  # noqa: S101 - the package sets it on import
    return _fallback.blocking()


def _async_downloader(own: AsyncDownloader | None) -> AsyncDownloader:
    if own is not None:
        return own
    assert _fallback.asynchronous is not None  # noqa: S101 - the package sets it on import
    return _fallback.asynchronous()


class BaseOutput:
    """The parts of an output that both clients share. ``str(output)`` is its URL or its text."""

    __slots__ = ("_data", "_downloader", "_job_id", "url", "value")

    url: str | None
    """The URL of the output. The service keeps it for seven days."""
    value: Any
    """The value that the service sent: a URL or text as a string, anything else as JSON."""

    def __init__(self, data: types.OutputData, job_id: str, downloader: Any = None) -> None:
        self._data = data
        self._job_id = job_id
        self._downloader = downloader
        [value] = data.values()
        url: object = value if "url" in data else None
        if "json" in data and isinstance(value, dict):
            url = cast("dict[str, object]", value).get("url")
        self.url = url if isinstance(url, str) else None
        self.value = value

    def __str__(self) -> str:
        """Return the URL, or the text if there is no URL."""
        return self.url or str(self.value)

    def __repr__(self) -> str:
        """Return the class and the beginning of the value."""
        shown = repr(self.value)
        return f"{type(self).__name__}({shown if len(shown) <= 200 else shown[:200] + '…'})"

    def __eq__(self, other: object) -> bool:
        """Compare the values that the service sent."""
        return isinstance(other, BaseOutput) and self._data == other._data

    def __hash__(self) -> int:
        """Hash the URL or the text."""
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        # A client does not leave its process.
        return type(self), (self._data, self._job_id)

    def download_request(self, to: object, max_bytes: object) -> dict[str, Any]:
        """Return the request to download this output."""
        return {"output": self._data, "jobId": self._job_id, "to": to, "maxBytes": max_bytes}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": _notebook.player(self.url, str(self))}


class Output(BaseOutput):
    """An output of a completed job. ``str(output)`` is its URL, or its text."""

    __slots__ = ()

    def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download it to a file, or into an existing folder under a name taken from the URL.

        The file appears only when it is complete. An interrupted download resumes. The API key is
        not sent. Raises a DownloadError if the output is larger than `max_bytes` (default 2 GiB).
        """
        request = self.download_request(to, max_bytes)
        return _downloader(self._downloader).download_output(request, on_progress, progress)

    def read(self, *, max_bytes: int | None = None) -> bytes:
        """Download it and return its content. It passes through a temporary file."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="viseme-") as folder:
            return self.save(Path(folder, "output"), max_bytes=max_bytes).path.read_bytes()


class AsyncOutput(BaseOutput):
    """An output of a completed job of an :class:`AsyncClient`."""

    __slots__ = ()

    async def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download it to a file, or into an existing folder under a name taken from the URL.

        The file appears only when it is complete. An interrupted download resumes. The API key is
        not sent. Raises a DownloadError if the output is larger than `max_bytes` (default 2 GiB).
        """
        request = self.download_request(to, max_bytes)
        downloader = _async_downloader(self._downloader)
        return await downloader.download_output(request, on_progress, progress)

    async def read(self, *, max_bytes: int | None = None) -> bytes:
        """Download it and return its content. It passes through a temporary file."""
        import asyncio
        from tempfile import TemporaryDirectory

        folder = TemporaryDirectory(prefix="viseme-")
        try:
            saved = await self.save(Path(folder.name, "output"), max_bytes=max_bytes)
            return await asyncio.to_thread(saved.path.read_bytes)
        finally:
            folder.cleanup()


@dataclass(frozen=True)
class BasePrediction(PredictionFields):
    """The state of a job at one moment, without the methods that differ between the clients.

    Errors and progress events carry predictions of either client; use
    ``isinstance(it, viseme.Prediction)`` or ``isinstance(it, viseme.AsyncPrediction)`` before
    saving their outputs. A field that the service leaves out is None or empty.
    """

    outputs: tuple[BaseOutput, ...] = ()
    """The outputs; empty until the job is completed."""
    _downloader: Any = field(default=None, repr=False, compare=False)

    @property
    def output_url(self) -> str | None:
        """The URL of the first output that has one."""
        return next((output.url for output in self.outputs if output.url is not None), None)

    def __getitem__(self, name: str) -> Any:
        """Return a field by name, with outputs as the service sent them.

        For code that was written for the official package: ``result["outputs"][0]``.
        """
        if name == "outputs":
            return [output.value for output in self.outputs]
        if name not in self.__dataclass_fields__ or name.startswith("_"):
            raise KeyError(name)
        return getattr(self, name)

    def __hash__(self) -> int:
        """Hash the id and the status."""
        return hash((self.id, self.status))

    def __getstate__(self) -> dict[str, Any]:
        # A client does not leave its process.
        return {**self.__dict__, "_downloader": None}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        card = _notebook.card(
            status=self.status,
            model=self.model,
            job_id=self.id,
            execution_time=self.execution_time,
            error=self.error,
            players=[_notebook.player(output.url, str(output)) for output in self.outputs],
        )
        return {"text/plain": repr(self), "text/html": card}


_O = TypeVar("_O", bound=BaseOutput)


def _main_output(outputs: tuple[_O, ...]) -> _O | None:
    """Return the first output with a URL, or else the first output."""
    with_url = (output for output in outputs if output.url is not None)
    return next(with_url, outputs[0] if outputs else None)


@dataclass(frozen=True)
class Prediction(BasePrediction):
    """The state of a job at one moment. It never changes."""

    outputs: tuple[Output, ...] = ()
    """The outputs; empty until the job is completed."""

    __hash__ = BasePrediction.__hash__

    @property
    def output(self) -> Output | None:
        """The first output that has a URL, or else the first output."""
        return _main_output(self.outputs)

    def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download its output as in :meth:`Output.save`; a DownloadError if it has none."""
        request = _download_request(self, self.output, to, max_bytes)
        return _downloader(self._downloader).download_output(request, on_progress, progress)


@dataclass(frozen=True)
class AsyncPrediction(BasePrediction):
    """The state of a job of an :class:`AsyncClient` at one moment. It never changes."""

    outputs: tuple[AsyncOutput, ...] = ()
    """The outputs; empty until the job is completed."""

    __hash__ = BasePrediction.__hash__

    @property
    def output(self) -> AsyncOutput | None:
        """The first output that has a URL, or else the first output."""
        return _main_output(self.outputs)

    async def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download its output as in :meth:`AsyncOutput.save`; a DownloadError if it has none."""
        request = _download_request(self, self.output, to, max_bytes)
        downloader = _async_downloader(self._downloader)
        return await downloader.download_output(request, on_progress, progress)


@dataclass(frozen=True)
class Delivery:
    """A verified webhook delivery."""

    id: str
    """The id of the delivery. The service may send one again: handle each id once."""
    sent_at: datetime
    """When it was sent, in UTC."""
    prediction: Prediction
    """The state of the job, with its input."""


@dataclass(frozen=True)
class AsyncDelivery:
    """A verified webhook delivery, received by an :class:`AsyncClient`."""

    id: str
    """The id of the delivery. The service may send one again: handle each id once."""
    sent_at: datetime
    """When it was sent, in UTC."""
    prediction: AsyncPrediction
    """The state of the job, with its input."""


def decode_prediction(data: types.PredictionData, downloader: Downloader | None) -> Prediction:
    """Decode a prediction of the blocking client."""
    outputs = tuple(Output(output, data["id"], downloader) for output in data["outputs"])
    return Prediction(**prediction_fields(data), outputs=outputs, _downloader=downloader)


def decode_async_prediction(
    data: types.PredictionData, downloader: AsyncDownloader | None
) -> AsyncPrediction:
    """Decode a prediction of the asyncio client."""
    outputs = tuple(AsyncOutput(output, data["id"], downloader) for output in data["outputs"])
    return AsyncPrediction(**prediction_fields(data), outputs=outputs, _downloader=downloader)


def decode_delivery(data: types.DeliveryData, downloader: Downloader | None) -> Delivery:
    """Decode a delivery of the blocking client."""
    prediction = decode_prediction(data["prediction"], downloader)
    return Delivery(data["id"], decode_moment(data["sentAt"]), prediction)


def decode_async_delivery(data: types.DeliveryData, downloader: AsyncDownloader) -> AsyncDelivery:
    """Decode a delivery of the asyncio client."""
    prediction = decode_async_prediction(data["prediction"], downloader)
    return AsyncDelivery(data["id"], decode_moment(data["sentAt"]), prediction)


def decode_downloaded_file(data: types.DownloadedFile) -> DownloadedFile:
    """Decode a finished download."""
    return DownloadedFile(Path(data["path"]), data["bytes"])


def _download_request(
    prediction: BasePrediction, output: BaseOutput | None, to: object, max_bytes: object
) -> dict[str, Any]:
    if output is None:
        # The native part explains why there is nothing to download.
        return {"jobId": prediction.id, "to": to, "maxBytes": max_bytes}
    return output.download_request(to, max_bytes)
