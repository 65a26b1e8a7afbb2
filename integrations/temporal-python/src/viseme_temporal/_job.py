"""The steps of one job, for any workflow. It does no I/O, and a replay takes the same steps."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import chain, repeat
from typing import Any, TypeVar
from urllib.parse import urlencode

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from . import _names as names
from ._codes import REJECTED, UNKNOWN
from ._data import (
    FetchRequest,
    Job,
    JobResult,
    JobState,
    Record,
    RecoverRequest,
    Sending,
    SubmitRequest,
    UploadRequest,
)

T = TypeVar("T")

ONCE = RetryPolicy(maximum_attempts=1)
OFTEN = RetryPolicy(maximum_interval=timedelta(minutes=1))


class JobRunner:
    """Runs one job in a workflow, and pays for it once whatever dies.

    Create it in the workflow's ``__init__``, which has the decorator ``workflow.init``, so that it
    receives every signal and update. A workflow with several runners gives each a name.
    """

    def __init__(self, job: Job, name: str = "") -> None:
        self._job = job
        self._timing = job.timing
        self._suffix = f"_{name}" if name else ""
        self._state = JobState("upload")
        # The submit that may send its POST now, and the record of the POST that it announced.
        self._allowed: int | None = None
        self._record: Record | None = None
        self._completed: set[str] = set()
        self._adopted: str | None = None
        self._given_up = False
        self._cancelled = False
        set_update = workflow.set_update_handler
        set_update(self._name(names.SENDING), self._on_sending, validator=self._check_sending)
        workflow.set_signal_handler(self._name(names.COMPLETED), self._on_completed)
        workflow.set_signal_handler(self._name(names.ADOPT), self._on_adopt)
        workflow.set_signal_handler(self._name(names.GIVE_UP), self._on_give_up)
        workflow.set_query_handler(self._name(names.STATE), self._on_state)

    async def run(self) -> JobResult:
        """Upload, submit, wait and fetch. Raises an ApplicationError whose type is a stable code.

        If the workflow is cancelled, a submit that is under way ends first, so that the id of its
        job is in the history.
        """
        try:
            job_id = self._job.job_id or await self._pay()
            self._state = JobState("wait", job_id)
            await self._wait_for_webhook(job_id)
            result = await self._execute(names.WAIT, job_id, JobResult, self._timing.wait_timeout)
            if self._job.path is not None:
                self._state = JobState("fetch", job_id)
                fetch = FetchRequest(job_id, self._job.path)
                path = await self._execute(names.FETCH, fetch, str, self._timing.fetch_timeout)
                result = JobResult(result.job_id, result.outputs, path)
        except ActivityError as error:
            cause = error.cause
            if not isinstance(cause, ApplicationError):
                raise
            # The failure of the workflow has the code, too.
            raise ApplicationError(
                cause.message, *cause.details, type=cause.type, non_retryable=True
            ) from error
        self._state = JobState("done", job_id)
        return result

    async def _pay(self) -> str:
        if workflow.info().attempt > 1:
            # Its history does not have what the attempt before paid for.
            message = "A workflow that pays for a job must have no retry policy."
            raise ApplicationError(message, type="config", non_retryable=True)
        request = UploadRequest(self._job.model, self._job.media, self._job.parameters)
        urls = await self._execute(
            names.UPLOAD, request, dict[str, str], self._timing.upload_timeout
        )
        given = {**self._job.parameters, **urls}
        self._state = JobState("submit")
        submit = asyncio.create_task(self._submit(given))
        try:
            return await asyncio.shield(submit)
        except asyncio.CancelledError:
            self._cancelled = True
            # If it fails, the state has the record of a submit whose outcome is unknown.
            with suppress(ActivityError):
                self._state = JobState("submit", await submit)
            raise

    async def _submit(self, given: dict[str, Any]) -> str:
        rejections = 0
        attempt = 0
        while True:
            attempt += 1
            self._allowed, self._record = attempt, None
            request = SubmitRequest(
                self._job.model, given, self._webhook(), self._name(names.SENDING), attempt
            )
            try:
                return await self._execute(
                    names.SUBMIT, request, str, self._timing.submit_timeout, ONCE
                )
            except ActivityError as error:
                # From here on, a worker that is late must not send.
                self._allowed = None
                if self._record is None or _code(error) in REJECTED:
                    rejections += 1
                    is_final = isinstance(error.cause, ApplicationError) and (
                        error.cause.non_retryable and _code(error) != UNKNOWN
                    )
                    if is_final or self._cancelled or rejections >= self._timing.submit_attempts:
                        raise
                    pause = min(2.0**rejections, 300)
                    with suppress(asyncio.TimeoutError):
                        await workflow.wait_condition(lambda: self._cancelled, timeout=pause)
                        raise
                    continue
                failure = error
            job_id = await self._recover(self._record, failure)
            if job_id is not None:
                return job_id

    async def _recover(self, record: Record, failure: ActivityError) -> str | None:
        """Find the job of a POST with an unknown outcome. Returns None if it was given up."""
        end = workflow.now() + timedelta(seconds=self._timing.recover_for)
        pauses = self._timing.recover_pauses
        self._state = JobState("recover", record=record, error=str(failure.cause))
        request = RecoverRequest(record, self._timing.submit_timeout)
        for pause in chain(pauses, repeat(pauses[-1])):
            try:
                return await self._execute(names.RECOVER, request, str, self._timing.submit_timeout)
            except ActivityError as error:
                failure = error
                self._state = JobState("recover", record=record, error=str(error.cause))
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(self._is_decided, timeout=pause)
            if self._adopted is not None:
                return self._adopted
            if self._given_up:
                self._given_up = False
                return None
            if self._cancelled or workflow.now() >= end:
                raise failure
        raise failure

    def _is_decided(self) -> bool:
        return self._adopted is not None or self._given_up or self._cancelled

    async def _wait_for_webhook(self, job_id: str) -> None:
        """Wait for the signal. Without it in time, polling goes on alone."""
        if self._job.webhook is None:
            return
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: job_id in self._completed, timeout=self._timing.webhook_wait
            )

    async def _execute(
        self,
        name: str,
        argument: object,
        result: type[T],
        timeout: float,
        retry: RetryPolicy = OFTEN,
    ) -> T:
        value: T = await workflow.execute_activity(
            name,
            argument,
            result_type=result,
            start_to_close_timeout=timedelta(seconds=timeout),
            heartbeat_timeout=timedelta(seconds=self._timing.heartbeat_timeout),
            retry_policy=retry,
        )
        return value

    def _name(self, name: str) -> str:
        return name + self._suffix

    def _webhook(self) -> str | None:
        if self._job.webhook is None:
            return None
        parameters = {
            names.WORKFLOW_PARAMETER: workflow.info().workflow_id,
            names.SIGNAL_PARAMETER: self._name(names.COMPLETED),
        }
        separator = "&" if "?" in self._job.webhook else "?"
        return f"{self._job.webhook}{separator}{urlencode(parameters)}"

    def _check_sending(self, sending: Sending) -> None:
        if sending.attempt != self._allowed:
            raise ValueError(f"the workflow has given up submit {sending.attempt}")

    async def _on_sending(self, sending: Sending) -> None:
        self._record = sending.record

    async def _on_completed(self, job_id: str) -> None:
        self._completed.add(job_id)

    async def _on_adopt(self, job_id: str) -> None:
        self._adopted = job_id

    async def _on_give_up(self) -> None:
        self._given_up = True

    def _on_state(self) -> JobState:
        return self._state


def _code(error: ActivityError) -> str | None:
    return error.cause.type if isinstance(error.cause, ApplicationError) else None
