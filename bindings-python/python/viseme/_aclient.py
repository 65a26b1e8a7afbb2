"""The asyncio client."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sized
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import _operations as operations
from ._ajob import AsyncJob, job_of
from ._async import AsyncPaginator, AsyncManyItems, carry_out, with_bar, with_listeners
from ._base import BaseClient
from ._inputs import AnyInput, input_of
from ._many import AsyncRunResult, Runs
from ._media import MediaSource
from ._operations import Listeners
from ._prediction import AsyncPrediction, OnBytes, async_prediction_of
from ._progress import OnProgress, Progress
from ._records import Delivery, DownloadedFile, SubmitRecord
from ._report import Report
from ._settings import run_options
from ._webhooks import WebhookHeaders

if TYPE_CHECKING:
    from types import TracebackType

    from ._account import Billing, Model, Price, Usage


class AsyncClient(BaseClient):
    """An asyncio client of the service. Event loops may share it.

    Cancelling a task ends its call at once, and with it the polling; never a job that was
    submitted: ``await client.job(id).wait()`` finds it again. Listeners may be coroutine functions.
    """

    async def run(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        check_media: bool | None = None,
        strict: bool | None = None,
        validate: bool | None = None,
        sync: bool | None = None,
        base64: bool | None = None,
        webhook: str | None = None,
        on_progress: OnProgress | None = None,
        on_update: Callable[[AsyncPrediction], object] | None = None,
        progress: bool = False,
    ) -> AsyncPrediction:
        """Check, upload, submit and wait: from the input to the completed prediction.

        Pays at most once. Every error raised after the submit has the job's id in ``job_id``.

        Args:
            input: What to run; or a model's id, with its parameters as the second argument.
            parameters: The parameters of the model with that id.
            timeout: How many seconds to wait for the result, counted from the submit.
            check_media: Whether media are judged before anything is sent. Default True.
            strict: Whether what the check would only report stops the run as well.
            validate: Whether the input is judged by the schema in the live catalogue.
            sync: Sync mode: the answer to the submit waits for the result, up to 90 s.
            base64: Whether outputs come as base64 in the prediction itself.
            webhook: A URL that the service calls when the job has completed or failed.
            on_progress: Is told what goes on.
            on_update: Is told each new state of the job.
            progress: Whether to show a bar. Needs tqdm.
        """
        given = input_of(input, parameters)
        options = run_options(
            timeout=timeout,
            check_media=check_media,
            strict=strict,
            validate=validate,
            sync=sync,
            base64=base64,
            webhook=webhook,
        )
        listeners = self._listeners(on_progress, on_update, progress)
        call = operations.with_input(
            self._reach, "run", given, self._prediction, listeners, options=options
        )
        return await with_listeners(listeners, call)

    def run_many(
        self,
        inputs: Iterable[AnyInput | tuple[str, Mapping[str, Any]]]
        | AsyncIterable[AnyInput | tuple[str, Mapping[str, Any]]],
        *,
        limit: int = 10,
        timeout: float | None = None,
        check_media: bool | None = None,
        strict: bool | None = None,
        validate: bool | None = None,
        sync: bool | None = None,
        base64: bool | None = None,
        webhook: str | None = None,
        on_progress: Callable[[Progress, int], object] | None = None,
        on_update: Callable[[AsyncPrediction, int], object] | None = None,
        progress: bool = False,
    ) -> AsyncPaginator[AsyncRunResult]:
        """Run many inputs, at most `limit` at once; results come as they are ready.

        Each result has the position of its input. One run's failure does not stop the others.
        Inputs are taken from the iterable as places become free, a few ahead. Leaving the loop ends
        all, while jobs that were submitted go on at the service. Listeners are told the position
        as well.
        """
        options = run_options(
            timeout=timeout,
            check_media=check_media,
            strict=strict,
            validate=validate,
            sync=sync,
            base64=base64,
            webhook=webhook,
        )
        self._reach.refuse_closed()
        listeners = Listeners(self._reach, async_prediction_of, on_progress, on_update, None)

        def begin() -> Runs:
            return Runs(self._reach, limit, options, listeners, async_prediction_of)

        return AsyncManyItems(begin, inputs, _many_bar(inputs, progress))

    async def submit(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        check_media: bool | None = None,
        strict: bool | None = None,
        validate: bool | None = None,
        sync: bool | None = None,
        base64: bool | None = None,
        webhook: str | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> AsyncJob:
        """Check, upload and send the POST that costs money, at most once; do not wait.

        The arguments are those of `run`.
        """
        given = input_of(input, parameters)
        options = run_options(
            check_media=check_media,
            strict=strict,
            validate=validate,
            sync=sync,
            base64=base64,
            webhook=webhook,
        )
        listeners = self._listeners(on_progress, None, progress)
        read = job_of(self._reach)
        call = operations.with_input(self._reach, "submit", given, read, listeners, options=options)
        return await with_listeners(listeners, call)

    async def check(
        self, input: AnyInput | str, parameters: Mapping[str, Any] | None = None
    ) -> Report:
        """Check an input against the rules of its model, without sending anything.

        Broken rules are in the report, not errors.
        """
        return await carry_out(operations.check(self._reach, input_of(input, parameters)))

    async def validate(
        self, input: AnyInput | str, parameters: Mapping[str, Any] | None = None
    ) -> Report:
        """Judge an input by the model's schema in the live catalogue as well. Costs nothing."""
        return await carry_out(operations.validate(self._reach, input_of(input, parameters)))

    async def price(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        upload: bool = False,
    ) -> Price:
        """Ask what a run would cost. That costs nothing.

        With `upload`, media on this machine are uploaded first, so that the service can measure
        them; otherwise the price is the base price.
        """
        return await carry_out(operations.price(self._reach, input_of(input, parameters), upload))

    async def upload(
        self,
        media: MediaSource,
        *,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> str:
        """Upload one medium and give the URL under which the service finds it, for seven days."""
        return await with_bar(
            "uploading",
            on_progress,
            progress,
            lambda hear: operations.upload(self._reach, media, hear),
        )

    def job(self, job_id: str) -> AsyncJob:
        """Give a handle on a job that was submitted before, here or elsewhere."""
        return AsyncJob(self._reach, self._reach.job(job_id), None)

    async def recover(self, record: SubmitRecord | Mapping[str, Any]) -> AsyncJob:
        """Find out what became of a submit whose answer was never heard.

        Looks for its job in the history, for a while, and never submits anything.
        """
        return await carry_out(operations.recover(self._reach, record, job_of(self._reach)))

    async def download(
        self,
        url: str,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download an output to a file, or into an existing folder under a name of the URL.

        Outputs larger than `max_bytes` (default 2 GiB) are refused.
        """
        request = operations.download_url(url, to, max_bytes)
        return await with_bar(
            "downloading",
            on_progress,
            progress,
            lambda hear: operations.download(self._reach, request, hear),
        )

    def history(
        self,
        *,
        model: str | None = None,
        status: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        include_inputs: bool | None = None,
        page_size: int | None = None,
    ) -> AsyncPaginator[AsyncPrediction]:
        """Iterate over the jobs of the last seven days, newest first, fetched as needed."""
        request = operations.history_request(
            model, status, created_after, created_before, include_inputs, page_size
        )
        return AsyncPaginator(
            self._reach,
            lambda: self._reach.start(request, []),
            lambda item: async_prediction_of(item, self._reach),
        )

    def billings(
        self,
        *,
        kind: str | None = None,
        job_ids: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> AsyncPaginator[Billing]:
        """Iterate over the account's charges, newest first, fetched as they are needed."""
        request = operations.billings_request(kind, job_ids, start, end)
        return AsyncPaginator(
            self._reach, lambda: self._reach.start(request, []), operations.billing_of
        )

    def billings_of_month(self, month: str) -> AsyncPaginator[Billing]:
        """Iterate over every charge of a month, such as ``2026-03``."""
        request = {"op": "billingsOfMonth", "month": month}
        return AsyncPaginator(
            self._reach, lambda: self._reach.start(request, []), operations.billing_of
        )

    async def models(self) -> list[Model]:
        """Give every model of the service, kept for an hour."""
        return await carry_out(operations.models(self._reach))

    async def model(self, model_id: str) -> Model:
        """Give the model with this id, from the service's catalogue."""
        return await carry_out(operations.model(self._reach, model_id))

    async def balance(self) -> float:
        """Give what is left on the account, in dollars."""
        return await carry_out(operations.balance(self._reach))

    async def usage(self, start: datetime, end: datetime, *, model: str | None = None) -> Usage:
        """Give what was used and spent from one moment to another, at most 31 days."""
        return await carry_out(operations.usage(self._reach, start, end, model))

    async def delete(self, ids: Iterable[str]) -> int:
        """Delete past jobs and their outputs, for good; give how many there were."""
        return await carry_out(operations.delete(self._reach, ids))

    async def receive_webhook(self, headers: WebhookHeaders, body: bytes | str) -> Delivery:
        """Take a webhook's delivery: verify it, read it, and end the waits for its job.

        The account's secret is fetched once. Pass the body as it came, not parsed.
        """
        return await carry_out(
            operations.receive_webhook(self._reach, headers, body, async_prediction_of)
        )

    async def aclose(self) -> None:
        """End everything that is under way; the client is of no use then."""
        self._reach.close()

    async def __aenter__(self) -> AsyncClient:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.aclose()

    def _listeners(
        self, on_progress: OnProgress | None, on_update: Any, progress: bool
    ) -> Listeners:
        bar = None
        if progress:
            from ._bar import RunBar

            bar = RunBar()
        return Listeners(self._reach, async_prediction_of, on_progress, on_update, bar)

    def _prediction(self, data: dict[str, Any], _task: object) -> AsyncPrediction:
        return async_prediction_of(data, self._reach)


def _many_bar(inputs: object, progress: bool) -> Any:
    if not progress:
        return None
    from ._bar import ManyBar

    return ManyBar(len(inputs) if isinstance(inputs, Sized) else None)
