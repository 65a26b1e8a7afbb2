"""Results of the asyncio client. Programs without it do not import them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from ._generated import decode_moment, prediction_fields
from ._models import (
    AsyncDownloader,
    BaseOutput,
    BasePrediction,
    DownloadedFile,
    OnBytes,
    decode_dict,
    download_request,
    fallback,
    main_output,
    make_prediction,
    outputs_request,
)

if TYPE_CHECKING:
    from . import _generated_types as types


def _async_downloader(own: AsyncDownloader | None) -> AsyncDownloader:
    if own is not None:
        return own
    assert fallback.asynchronous is not None  # noqa: S101 - the package sets it on import
    return fallback.asynchronous()


class AsyncOutput(BaseOutput):
    """An output of a completed job of an ``AsyncClient``."""

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
        from pathlib import Path
        from tempfile import TemporaryDirectory

        folder = TemporaryDirectory(prefix="viseme-")
        try:
            saved = await self.save(Path(folder.name, "output"), max_bytes=max_bytes)
            return await asyncio.to_thread(saved.path.read_bytes)
        finally:
            folder.cleanup()


@dataclass(frozen=True, repr=False)
class AsyncPrediction(BasePrediction):
    """The state of a job of an ``AsyncClient`` at one moment. It never changes."""

    outputs: tuple[AsyncOutput, ...] = ()
    """The outputs; empty until the job is completed."""

    __hash__ = BasePrediction.__hash__

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AsyncPrediction:
        """Return the prediction that ``to_dict`` made into a dict. Its outputs can be saved."""
        return cast("AsyncPrediction", decode_dict(cls, data, AsyncOutput))

    @property
    def output(self) -> AsyncOutput | None:
        """The first output that has a URL, or else the first output."""
        return main_output(self.outputs)

    async def save(
        self,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download its output as in ``AsyncOutput.save``; a DownloadError if it has none."""
        request = download_request(self, self.output, to, max_bytes)
        downloader = _async_downloader(self._downloader)
        return await downloader.download_output(request, on_progress, progress)

    async def download_outputs(
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
        downloader = _async_downloader(self._downloader)
        return await downloader.download_outputs(request, on_progress, progress)


@dataclass(frozen=True)
class AsyncDelivery:
    """A verified webhook delivery, received by an ``AsyncClient``."""

    id: str
    """The id of the delivery. The service may send one again: handle each id once."""
    sent_at: datetime
    """When it was sent, in UTC."""
    prediction: AsyncPrediction
    """The state of the job, with its input."""


def decode_async_prediction(
    data: types.PredictionData, downloader: AsyncDownloader | None
) -> AsyncPrediction:
    """Decode a prediction of the asyncio client."""
    found = prediction_fields(data)
    pairs = zip(data["outputs"], found["output_urls"], strict=True)
    outputs = tuple(AsyncOutput(output, url, data["id"], downloader) for output, url in pairs)
    return make_prediction(AsyncPrediction, found, outputs, downloader)


def decode_async_delivery(data: types.DeliveryData, downloader: AsyncDownloader) -> AsyncDelivery:
    """Decode a delivery of the asyncio client."""
    prediction = decode_async_prediction(data["prediction"], downloader)
    return AsyncDelivery(data["id"], decode_moment(data["sentAt"]), prediction)
