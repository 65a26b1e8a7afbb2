"""Results with behaviour: predictions, their outputs, and webhook deliveries.

Plain results are in ``_generated``. A prediction does not know its client; it holds a downloader,
which the client provides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, Union, cast

from ._deferred import Deferred
from ._generated import PredictionFields, decode_moment, prediction_fields

if not TYPE_CHECKING:
    from ._deferred import dataclass
else:
    from dataclasses import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from . import _generated_types as types

OnBytes = Callable[[int, Union[int, None]], object]
"""A callback that gets the bytes so far, and the total if it is known."""


@dataclass(frozen=True)
class DownloadedFile(Deferred):
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

    def download_outputs(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> list[DownloadedFile]:
        """Download all outputs of a job."""
        ...


class AsyncDownloader(Protocol):
    """Downloads outputs for the asyncio client."""

    async def download_output(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> DownloadedFile:
        """Download an output to a file."""
        ...

    async def download_outputs(
        self, request: dict[str, Any], on_progress: OnBytes | None, progress: bool
    ) -> list[DownloadedFile]:
        """Download all outputs of a job."""
        ...


class _FallbackDownloaders:
    """The downloaders of predictions that have no client, such as unpickled ones."""

    blocking: Callable[[], Downloader] | None = None
    asynchronous: Callable[[], AsyncDownloader] | None = None


fallback = _FallbackDownloaders()


def set_fallback_downloaders(
    blocking: Callable[[], Downloader], asynchronous: Callable[[], AsyncDownloader]
) -> None:
    """Set the downloaders of predictions that have no client."""
    fallback.blocking, fallback.asynchronous = blocking, asynchronous


def _downloader(own: Downloader | None) -> Downloader:
    if own is not None:
        return own
    assert fallback.blocking is not None  # noqa: S101 - the package sets it on import
    return fallback.blocking()


class BaseOutput:
    """The parts of an output that both clients share. ``str(output)`` is its URL or its text."""

    __slots__ = ("_data", "_downloader", "_job_id", "url", "value")

    url: str | None
    """The URL of the output. The service keeps it for seven days."""
    value: Any
    """The value that the service sent: a URL or text as a string, anything else as JSON."""

    def __init__(
        self, data: types.OutputData, url: str | None, job_id: str, downloader: Any = None
    ) -> None:
        self._data = data
        self._job_id = job_id
        self._downloader = downloader
        self.url = url
        [self.value] = data.values()

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
        return type(self), (self._data, self.url, self._job_id)

    @property
    def data(self) -> types.OutputData:
        """The output as the native part represents it."""
        return self._data

    def download_request(self, to: object, max_bytes: object) -> dict[str, Any]:
        """Return the request to download this output."""
        return {"output": self._data, "jobId": self._job_id, "to": to, "maxBytes": max_bytes}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from . import _notebook

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
        from pathlib import Path
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="viseme-") as folder:
            return self.save(Path(folder, "output"), max_bytes=max_bytes).path.read_bytes()


@dataclass(frozen=True, repr=False)
class BasePrediction(PredictionFields):
    """The state of a job at one moment, without the methods that differ between the clients.

    Errors and progress events carry predictions of either client; use
    ``isinstance(it, viseme.Prediction)`` or ``isinstance(it, viseme.AsyncPrediction)`` before
    saving their outputs. A field that the service leaves out is None or empty.
    """

    outputs: tuple[BaseOutput, ...] = ()
    """The outputs; empty until the job is completed."""
    _downloader: ClassVar[Any] = None

    @property
    def output_url(self) -> str | None:
        """The URL of the first output that has one."""
        return next((url for url in self.output_urls if url is not None), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain JSON values, with outputs as the service sent them.

        ``from_dict`` restores it, in any process. Moments are ISO 8601 text, times are seconds.
        """
        from dataclasses import fields

        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return cast("dict[str, Any]", to_plain(values))

    def to_json(self) -> str:
        """Return ``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def as_row(self) -> dict[str, Any]:
        """Return one row of a table: what is most often needed, without nesting."""
        return {
            "id": self.id,
            "status": self.status,
            "model": self.model,
            "output_url": self.output_url,
            "created_at": self.created_at,
            "execution_time": self.execution_time,
            "error": self.error,
        }

    def __json__(self) -> dict[str, Any]:
        # The JSON encoder of Celery calls this.
        return self.to_dict()

    def __repr__(self) -> str:
        """Return the class and what is most often needed."""
        shown = {"id": self.id, "status": self.status, "model": self.model}
        optional = {"output_url": self.output_url, "error": self.error}
        shown.update({name: it for name, it in optional.items() if it})
        if self.outputs and self.output_url is None:
            shown["outputs"] = f"{len(self.outputs)} without a URL"
        text = ", ".join(f"{name}={_shortened(repr(it))}" for name, it in shown.items())
        return f"{type(self).__name__}({text})"

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
        return {name: it for name, it in self.__dict__.items() if name != "_downloader"}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from . import _notebook

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
_P = TypeVar("_P", bound=BasePrediction)
_MAX_SHOWN = 200


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def to_plain(value: Any) -> Any:
    """Return a value as JSON knows it: results and errors as dicts, moments as text."""
    from dataclasses import fields

    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case BaseOutput():
            return value.value
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {key: to_plain(item) for key, item in items}
        case list() | tuple():
            return [to_plain(item) for item in cast("list[Any]", value)]
        case _ if hasattr(value, "to_dict"):
            return value.to_dict()
        case _ if hasattr(value, "__dataclass_fields__"):
            return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return str(value)


def decode_dict(prediction: type[Any], data: Mapping[str, Any], output: type[_O]) -> Any:
    """Return the prediction of what ``to_dict`` returned. Ignores fields of later versions."""
    from dataclasses import fields

    known: dict[str, Any] = {
        each.name: data[each.name] for each in fields(prediction) if each.name in data
    }
    missing = [name for name in ("id", "status") if not isinstance(known.get(name), str)]
    if missing:
        raise ValueError(
            f"A prediction's dict must have the text {' and '.join(map(repr, missing))}. "
            "Pass what `to_dict` returned."
        )
    known.setdefault("model", "")
    known.setdefault("is_terminal", False)
    urls = tuple(known.get("output_urls", ()))
    values = list(known.get("outputs", ()))
    if len(urls) != len(values):
        raise ValueError("`output_urls` and `outputs` must have the same length.")
    known["output_urls"] = urls
    known["outputs"] = tuple(
        output(_output_data(value, url), url, known["id"])
        for value, url in zip(values, urls, strict=True)
    )
    if isinstance(known.get("created_at"), str):
        known["created_at"] = datetime.fromisoformat(known["created_at"])
    if known.get("has_nsfw_contents") is not None:
        known["has_nsfw_contents"] = tuple(known["has_nsfw_contents"])
    return prediction(**known)


def _output_data(value: Any, url: str | None) -> types.OutputData:
    if not isinstance(value, str):
        return {"json": value}
    return {"text": value} if url is None else {"url": value}


def main_output(outputs: tuple[_O, ...]) -> _O | None:
    """Return the first output with a URL, or else the first output."""
    with_url = (output for output in outputs if output.url is not None)
    return next(with_url, outputs[0] if outputs else None)


@dataclass(frozen=True, repr=False)
class Prediction(BasePrediction):
    """The state of a job at one moment. It never changes."""

    outputs: tuple[Output, ...] = ()
    """The outputs; empty until the job is completed."""

    __hash__ = BasePrediction.__hash__

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        """Return the prediction that ``to_dict`` made into a dict. Its outputs can be saved."""
        return cast("Prediction", decode_dict(cls, data, Output))

    @property
    def output(self) -> Output | None:
        """The first output that has a URL, or else the first output."""
        return main_output(self.outputs)

    def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download its output as in ``Output.save``; a DownloadError if it has none."""
        request = download_request(self, self.output, to, max_bytes)
        return _downloader(self._downloader).download_output(request, on_progress, progress)

    def download_outputs(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> list[DownloadedFile]:
        """Download all outputs: into a folder, or to a file and to numbered files next to it.

        `max_bytes` limits each output. Raises a DownloadError if there are none, or if one cannot
        be saved; those before it stay, and the error names them.
        """
        request = outputs_request(self, to, max_bytes)
        return _downloader(self._downloader).download_outputs(request, on_progress, progress)


@dataclass(frozen=True)
class Delivery(Deferred):
    """A verified webhook delivery."""

    id: str
    """The id of the delivery. The service may send one again: handle each id once."""
    sent_at: datetime
    """When it was sent, in UTC."""
    prediction: Prediction
    """The state of the job, with its input."""


def decode_prediction(data: types.PredictionData, downloader: Downloader | None) -> Prediction:
    """Decode a prediction of the blocking client."""
    found = prediction_fields(data)
    pairs = zip(data["outputs"], found["output_urls"], strict=True)
    outputs = tuple(Output(output, url, data["id"], downloader) for output, url in pairs)
    return make_prediction(Prediction, found, outputs, downloader)


def make_prediction(kind: type[_P], found: dict[str, Any], outputs: Any, downloader: Any) -> _P:
    """Return a prediction with all fields, of which `found` has all but the outputs."""
    prediction = kind.__new__(kind)
    # The initializer of a frozen class sets each field by a call.
    vars(prediction).update(found, outputs=outputs, _downloader=downloader)
    return prediction


def decode_delivery(data: types.DeliveryData, downloader: Downloader | None) -> Delivery:
    """Decode a delivery of the blocking client."""
    prediction = decode_prediction(data["prediction"], downloader)
    return Delivery(data["id"], decode_moment(data["sentAt"]), prediction)


def decode_downloaded_file(data: types.DownloadedFile) -> DownloadedFile:
    """Decode a finished download."""
    from pathlib import Path

    return DownloadedFile(Path(data["path"]), data["bytes"])


def download_request(
    prediction: BasePrediction, output: BaseOutput | None, to: object, max_bytes: object
) -> dict[str, Any]:
    if output is None:
        # The native part explains why there is nothing to download.
        return {"jobId": prediction.id, "to": to, "maxBytes": max_bytes}
    return output.download_request(to, max_bytes)


def outputs_request(prediction: BasePrediction, to: object, max_bytes: object) -> dict[str, Any]:
    outputs = [output.data for output in prediction.outputs]
    return {"outputs": outputs, "jobId": prediction.id, "to": to, "maxBytes": max_bytes}
