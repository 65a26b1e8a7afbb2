"""The blocking client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import _operations as operations
from ._batch_options import BATCH_KINDS, BatchOptions
from ._core_client import BaseClient
from ._generated import Status
from ._inputs import AnyInput, Frame, MediaSource, Table, normalize_input
from ._jobs import Job, job_decoder
from ._media_options import DUB_KINDS, FIT_KINDS, DubOptions, FitOptions
from ._models import Delivery, DownloadedFile, OnBytes, Prediction, decode_delivery
from ._progress_bar import byte_callbacks, many_bar, run_callbacks
from ._run_many import ManyRuns, RunResult, normalize_inputs
from ._settings import (
    RUN_KINDS,
    RUN_MANY_KINDS,
    SUBMIT_KINDS,
    TEXT,
    RunManyOptions,
    RunOptions,
    SubmitOptions,
    encode_options,
    encode_value,
)
from ._signatures import keywords
from ._sync_executor import Paginator, SyncExecutor

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

    from ._batch import Batch
    from ._dub import Dub
    from ._events import OnProgress, Progress
    from ._fit import FitResult
    from ._generated_account import Billing, Model, Price, Usage
    from ._generated_reports import Report, SubmitRecord
    from ._ledger import Ledger
    from ._webhooks import WebhookHeaders


class Client(BaseClient[SyncExecutor]):
    """A blocking client of the service. Threads may share it.

    Every call releases the GIL and reacts to Ctrl-C. An interrupt ends the wait, never a job that
    was submitted: ``client.job(id).wait()`` finds it again.
    """

    def _make_executor(self, settings: Mapping[str, Any]) -> SyncExecutor:
        return SyncExecutor(settings)

    @property
    def ledger(self) -> Ledger:
        """The submits in the ledger. Its methods raise a ConfigError if the client has none."""
        from ._ledger import Ledger

        return Ledger(self._executor)

    @keywords(RunOptions)
    def run(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        on_update: Callable[[Prediction], object] | None = None,
        progress: bool = False,
        **options: Unpack[RunOptions],
    ) -> Prediction:
        """Check, upload, submit and wait. Returns the completed prediction.

        Charges at most once. Every error after the submit has the id of the job in ``job_id``.

        Args:
            input: The input, or the id of a model.
            parameters: The parameters, if `input` is the id of a model.
            on_progress: Called on every progress event.
            on_update: Called on every new state of the job.
            progress: Show a progress bar. Needs tqdm.
            timeout: How many seconds to wait for the result, counted from the submit.
            check_media: Whether to check media before anything is sent. Default True.
            strict: Treat warnings of the check as errors.
            validate: Check the input against the schema in the live catalogue as well.
            sync: Sync mode: the answer to the submit waits for the result, up to 90 s.
            base64: Return outputs as base64 in the prediction itself.
            webhook: A URL that the service calls when the job has completed or failed.
            headers: Additional headers of the requests to the API. Other hosts never get them.
            key: Makes the submit idempotent: at most one job is charged with this key, in all
                processes that use the ledger, even if they crash. Needs ``Client(ledger=...)``.
            retry_failed: Submit again if the job of the key ended without a result. Default False:
                its error is raised again.
        """
        given = normalize_input(input, parameters)
        encoded = encode_options(self.run, options, RUN_KINDS)
        callbacks = run_callbacks(self._executor, on_progress, on_update, progress)
        return self._executor.execute(operations.run(self._executor, given, encoded, callbacks))

    @keywords(RunManyOptions)
    def run_many(
        self,
        inputs: Iterable[AnyInput | tuple[str, Mapping[str, Any]]] | Table,
        *,
        limit: int = 10,
        on_progress: Callable[[Progress, int], object] | None = None,
        on_update: Callable[[Prediction, int], object] | None = None,
        progress: bool = False,
        **options: Unpack[RunManyOptions],
    ) -> Paginator[RunResult]:
        """Run many inputs, at most `limit` at the same time. Yields results as they are ready.

        Each result has the position of its input. A failed run does not stop the others, nor does
        an invalid input. Inputs are taken from the iterable as slots become free, and a few ahead;
        of a pandas DataFrame they are its rows. Leaving the loop ends the runs, but jobs that were
        submitted continue at the service; the log names them. Callbacks get the position as a
        second argument. The options are those of `run`, without the key, which belongs to one
        input.
        """
        rows = normalize_inputs(inputs)
        encoded = encode_options(self.run_many, options, RUN_MANY_KINDS)
        self._executor.check_open()
        callbacks = run_callbacks(self._executor, on_progress, on_update, progress=False)
        runs = ManyRuns(self._executor, limit, encoded, callbacks)
        return self._executor.run_many(runs, rows, many_bar(rows, progress))

    @keywords(BatchOptions)
    def batch(
        self,
        manifest: str | os.PathLike[str] | Iterable[AnyInput] | Table | Frame,
        *,
        out: str | os.PathLike[str],
        progress: bool = False,
        **options: Unpack[BatchOptions],
    ) -> Batch:
        """Run the rows of a table as a batch, each paid for once. Iterate over it to run it.

        The same call resumes it after an interrupt or a crash. Leaving the loop stops it; jobs that
        were submitted continue at the service, and the next run saves their results. Its state and
        its results are in the folder `out`. docs/batches.md describes the columns and the states.

        Args:
            manifest: The path of a CSV or JSON Lines file or of a folder, an iterable of dicts, or
                a pandas or polars DataFrame. Paths in rows are relative to the working directory,
                those in a file to its folder. Messages count rows from 0.
            out: The folder of the results and of the state. It is created if it does not exist.
            progress: Show a progress bar. Needs tqdm.
            max_cost: What all jobs of the batch together may cost in USD, all runs together.
            limit: How many rows run at the same time. Default 10.
            pilot: Submit only the first rows, so that you can look at their results.
            retry_failed: How often to submit a row again after its job failed. Each submit is paid
                for. Default 0.
            on_unknown: What to do if the response to a submit was lost and its job is not found:
                ``keep`` (default) searches again in the next run, ``stop`` submits nothing more,
                ``resubmit-after=24h`` submits the row again a day later.
            repeat: Pay for each of several equal rows. Default False: they share one job.
            strict: Treat warnings of the check as errors.
            webhook: A URL that the service calls when a job has completed or failed.
        """
        from ._batch import Batch

        encoded = encode_options(self.batch, options, BATCH_KINDS)
        return Batch(self._executor, manifest, out=out, progress=progress, options=encoded)

    @keywords(FitOptions)
    def fit(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        out: str | os.PathLike[str] | None = None,
        **options: Unpack[FitOptions],
    ) -> FitResult:
        """Make the media of an input acceptable for its model. Costs nothing. Needs ffmpeg.

        Only what has to change is changed, and the sources are never touched. The result has the
        input with the new files, for ``run`` and the like. docs/fit.md lists the steps.

        Args:
            input: The input, or the id of a model.
            parameters: The parameters, if `input` is the id of a model.
            out: The folder for the new files. It is created if it does not exist.
            crop: Crop a picture of another shape, instead of adding borders.
            extend: Hold the last frame of a video that is too short, and add silence to audio that
                is too short.
            start: Where the part starts that is kept, in seconds. Default: the start.
            end: Where the part ends that is kept, in seconds. Default: what the model takes.
            strict: Mend what is only a warning too.
            dry_run: Return what would be done, and make no file. Needs no `out`.
        """
        from ._fit import fit

        given = normalize_input(input, parameters)
        encoded = encode_options(self.fit, options, FIT_KINDS)
        return self._executor.execute(fit(given, out, encoded))

    @keywords(DubOptions)
    def dub(
        self,
        *,
        video: str | os.PathLike[str],
        audio: str | os.PathLike[str],
        out: str | os.PathLike[str],
        **options: Unpack[DubOptions],
    ) -> Dub:
        """Lip-sync a clip of any length. Iterate over it to run it; `plan` is a dry run.

        The clip is cut into segments of one job each, and the results are joined. The same call
        resumes it after an interrupt or a crash, and pays for no segment twice. Needs ffmpeg.
        docs/dub.md describes the plan and the result.

        Args:
            video: The path of a video of a face, of any length and size.
            audio: The path of the voice.
            out: The path of the result, an MP4 or MOV file. It must not exist. The state is in the
                folder ``OUT.dub`` until the dub is complete.
            model: The model's id.
            length: What to do if the voice and the picture differ in length: ``hold`` the last
                frame (default), ``loop`` the picture, end with the ``shorter``, or keep the
                ``original`` picture for the rest.
            skip_silence: Keep the original picture in long silence, which needs no job. Default
                True.
            cheapest: Cut where it costs least, even inside speech.
            crop: Cut off what does not fit the model's picture, instead of adding borders.
            max_cost: What all jobs of the dub together may cost in USD, all runs together.
            limit: How many segments run at the same time. Default 10.
            retry_failed: How often to submit a segment again after its job failed. Each submit is
                paid for. Default 0.
            on_unknown: What to do if the response to a submit was lost and its job is not found:
                ``keep`` (default), ``stop`` or ``resubmit-after=24h``, as in `batch`.
            preset: How much time the encoder takes: ``ultrafast``, ``fast``, ``medium`` (default)
                or ``slow``. Faster ones make larger files.
            keep_segments: Keep the folder with the segments and their results.
        """
        from ._dub import Dub

        encoded = encode_options(self.dub, options, DUB_KINDS)
        return Dub(self._executor, video=video, audio=audio, out=out, options=encoded)

    @keywords(SubmitOptions)
    def submit(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        progress: bool = False,
        **options: Unpack[SubmitOptions],
    ) -> Job:
        """Check, upload and send the POST that costs money, at most once. Does not wait.

        The arguments are those of `run`.
        """
        given = normalize_input(input, parameters)
        encoded = encode_options(self.submit, options, SUBMIT_KINDS)
        callbacks = run_callbacks(self._executor, on_progress, None, progress)
        decode = job_decoder(self._executor)
        return self._executor.execute(operations.submit(given, encoded, callbacks, decode))

    def check(self, input: AnyInput | str, parameters: Mapping[str, Any] | None = None) -> Report:
        """Check an input against the rules of its model, without sending it.

        Broken rules are in the report; they are not raised.
        """
        return self._executor.execute(operations.check(normalize_input(input, parameters)))

    def validate(
        self, input: AnyInput | str, parameters: Mapping[str, Any] | None = None
    ) -> Report:
        """Check an input against the schema in the live catalogue as well. Costs nothing."""
        return self._executor.execute(operations.validate(normalize_input(input, parameters)))

    def price(
        self,
        input: AnyInput | str,
        parameters: Mapping[str, Any] | None = None,
        *,
        upload: bool = False,
    ) -> Price:
        """Return the price of a run. Costs nothing.

        With `upload`, local media are uploaded first, so that the service can measure them.
        Without it, the price is the base price.
        """
        return self._executor.execute(operations.price(normalize_input(input, parameters), upload))

    def upload(
        self,
        media: MediaSource,
        *,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> str:
        """Upload a media file. Returns its URL, which the service keeps for seven days."""
        callbacks = byte_callbacks("uploading", on_progress, progress)
        return self._executor.execute(operations.upload(media, callbacks))

    def job(self, job_id: str) -> Job:
        """Return a handle on a job that was submitted before, in this process or another."""
        native = self._executor.job(encode_value("job_id", job_id, TEXT))
        return Job(self._executor, native, None)

    def recover(
        self,
        record: SubmitRecord | Mapping[str, Any],
        *,
        exclude: Iterable[str] = (),
        sent_within: float | None = None,
        match_by_time: bool = False,
    ) -> Job:
        """Find the job of a submit whose answer was lost.

        Searches the history for a while. Never submits anything. Raises a SubmissionUnknownError,
        whose ``candidates`` may be it, if no job is certain.

        Args:
            record: The record of the submit, from the event ``submitting`` or from an error.
            exclude: Ids of jobs that belong to other submits.
            sent_within: How many seconds after the time of the record the submit may have been
                sent. Default 0: at once.
            match_by_time: Adopt the only job of the same model and time if the history contains no
                inputs. It may belong to another program of the account.
        """
        return self._executor.execute(
            operations.recover(
                record, exclude, sent_within, match_by_time, job_decoder(self._executor)
            )
        )

    def download(
        self,
        url: str,
        to: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        on_progress: OnBytes | None = None,
        progress: bool = False,
    ) -> DownloadedFile:
        """Download an output to a file, or into an existing folder under a name from the URL.

        Raises a DownloadError if the output is larger than `max_bytes` (default 2 GiB).
        """
        request = operations.url_download_request(url, to, max_bytes)
        return self._executor.download_output(request, on_progress, progress)

    def history(
        self,
        *,
        model: str | None = None,
        status: Status | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        include_inputs: bool | None = None,
        page_size: int | None = None,
    ) -> Paginator[Prediction]:
        """Iterate over the jobs of the last seven days, newest first. Pages load as needed."""
        return self._executor.paginate(
            operations.history(
                self._executor,
                model=model,
                status=status,
                created_after=created_after,
                created_before=created_before,
                include_inputs=include_inputs,
                page_size=page_size,
            )
        )

    def billings(
        self,
        *,
        kind: str | None = None,
        job_ids: Iterable[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Paginator[Billing]:
        """Iterate over the billing records, newest first. Pages load as needed."""
        return self._executor.paginate(operations.billings(kind, job_ids, start, end))

    def billings_of_month(self, month: str) -> Paginator[Billing]:
        """Iterate over the billing records of a month, such as ``2026-03``."""
        return self._executor.paginate(operations.billings_of_month(month))

    def models(self) -> list[Model]:
        """Return every model of the service. The list is cached for an hour."""
        return self._executor.execute(operations.models())

    def model(self, model_id: str) -> Model:
        """Return the model with this id from the service's catalogue."""
        return self._executor.execute(operations.model(model_id))

    def balance(self) -> float:
        """Return the balance of the account in USD."""
        return self._executor.execute(operations.balance())

    def usage(self, start: datetime, end: datetime, *, model: str | None = None) -> Usage:
        """Return the usage and the cost of a period of at most 31 days."""
        return self._executor.execute(operations.usage(start, end, model))

    def delete(self, ids: Iterable[str]) -> int:
        """Delete past jobs and their outputs permanently. Returns how many were deleted."""
        return self._executor.execute(operations.delete(ids))

    def receive_webhook(self, headers: WebhookHeaders, body: bytes | str) -> Delivery:
        """Verify and decode a webhook delivery, and end the waits for its job.

        The secret of the account is fetched once. Pass the raw body, not the parsed one.
        """

        def decode(data: Any) -> Delivery:
            return decode_delivery(data, self._executor)

        return self._executor.execute(operations.receive_webhook(headers, body, decode))

    def close(self) -> None:
        """Cancel everything that is running. The client cannot be used any more."""
        self._executor.close()

    def __enter__(self) -> Client:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()
