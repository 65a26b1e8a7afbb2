"""The activities. Only they use the client, and so the API key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import viseme
from temporalio import activity
from temporalio.exceptions import ApplicationError

from . import _names as names
from ._codes import NOT_SENT, PERMANENT_OF_A_JOB, TEMPORARY
from ._data import (
    FetchRequest,
    JobResult,
    Record,
    RecoverRequest,
    Sending,
    SubmitRequest,
    UploadRequest,
)


class VisemeActivities:
    """The activities of one client. Register `all` with a worker."""

    def __init__(self, client: viseme.AsyncClient) -> None:
        self._client = client

    @property
    def all(self) -> list[Callable[..., Any]]:
        """All activities."""
        return [self.upload, self.submit, self.recover, self.wait, self.fetch]

    @activity.defn(name=names.UPLOAD)
    async def upload(self, request: UploadRequest) -> dict[str, str]:
        """Check the input, and upload the media that are files. Returns the URLs of all media."""
        async with _running():
            media = {name: _source(it) for name, it in request.media.items()}
            report = await self._client.check(request.model, {**request.parameters, **media})
            if not report.ok:
                raise ApplicationError(
                    str(report),
                    {"code": "invalid_input"},
                    type="invalid_input",
                    non_retryable=True,
                )
            return {
                name: it if isinstance(it, str) else await self._client.upload(it)
                for name, it in media.items()
            }

    @activity.defn(name=names.SUBMIT)
    async def submit(self, request: SubmitRequest) -> str:
        """Send the POST that costs money, at most once. Returns the id of the job.

        Before the POST, the workflow writes the record of it to its history, and refuses if it has
        given this attempt up meanwhile.
        """

        async def on_progress(event: object) -> None:
            if isinstance(event, viseme.Submitting):
                it = event.record
                record = Record(model=it.model, input=it.input, sent_at=it.sent_at)
                await _announce(request, record)

        async with _running():
            job = await self._client.submit(
                request.model, request.input, webhook=request.webhook, on_progress=on_progress
            )
            return job.id

    @activity.defn(name=names.RECOVER)
    async def recover(self, request: RecoverRequest) -> str:
        """Find the job of a submit whose outcome is unknown. Never submits. Returns its id."""
        async with _running():
            it = request.record
            record = viseme.SubmitRecord(model=it.model, input=it.input, sent_at=it.sent_at)
            return (await self._client.recover(record, sent_within=request.sent_within)).id

    @activity.defn(name=names.WAIT)
    async def wait(self, job_id: str) -> JobResult:
        """Wait until the job completes. It can be repeated as often as needed."""
        async with _running(PERMANENT_OF_A_JOB):
            prediction = await self._client.job(job_id).wait(timeout=_limit())
            return JobResult(job_id=job_id, outputs=[it.url for it in prediction.outputs if it.url])

    @activity.defn(name=names.FETCH)
    async def fetch(self, request: FetchRequest) -> str:
        """Save the first output of a completed job. Returns the path."""
        async with _running(PERMANENT_OF_A_JOB):
            prediction = await self._client.job(request.job_id).wait(timeout=_limit())
            return str((await prediction.save(request.path)).path)


def _source(text: str) -> viseme.Media | str:
    return text if text.startswith(("https://", "http://")) else viseme.Media.path(text)


def _limit() -> float | None:
    # The client gives up shortly before the server does, and there is another attempt.
    limit = activity.info().start_to_close_timeout
    return None if limit is None else limit.total_seconds() * 0.9


async def _announce(request: SubmitRequest, record: Record) -> None:
    info = activity.info()
    try:
        if info.workflow_id is None:
            raise RuntimeError("viseme_submit needs a workflow that allows the POST")
        workflow = activity.client().get_workflow_handle(
            info.workflow_id, run_id=info.workflow_run_id
        )
        await workflow.execute_update(request.update, Sending(request.attempt, record))
    except Exception as error:
        message = f"The submit was not sent, because the workflow did not allow it: {error}"
        raise ApplicationError(message, {"code": NOT_SENT}, type=NOT_SENT) from None


@asynccontextmanager
async def _running(permanent: frozenset[str] | None = None) -> AsyncIterator[None]:
    """Send heartbeats meanwhile, and raise errors of the client as ApplicationErrors."""
    heartbeats = asyncio.create_task(_send_heartbeats())
    try:
        yield
    except viseme.VisemeError as error:
        raise application_error(error, permanent) from None
    finally:
        heartbeats.cancel()


async def _send_heartbeats() -> None:
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        return
    while True:
        activity.heartbeat()
        await asyncio.sleep(timeout.total_seconds() / 4)


def application_error(
    error: viseme.VisemeError, permanent: frozenset[str] | None = None
) -> ApplicationError:
    """Return an error of the client as an ApplicationError whose type is the stable code.

    Its detail has the code, and the id of the job if it is known. With `permanent`, only those
    codes are not retried; otherwise all but the temporary ones.
    """
    detail: dict[str, Any] = {"code": error.code}
    if error.job_id is not None:
        detail["job_id"] = error.job_id
    if error.app_code is not None:
        detail["app_code"] = error.app_code
    is_permanent = error.code not in TEMPORARY if permanent is None else error.code in permanent
    return ApplicationError(error.message, detail, type=error.code, non_retryable=is_permanent)
