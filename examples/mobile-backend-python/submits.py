"""Submits: each is paid for at most once, and finished whatever happens to the app or to us."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

import viseme
from jobs import Jobs, OwnJob, new_key, user_of
from settings import Settings

logger = logging.getLogger("backend")


class RefusedError(Exception):
    """A request that is answered with an error. The message is for the user.

    The client of the app decides by the status of the answer to a submit. After 4xx it knows that
    there is no job; after 429 it sends the submit again. After 5xx it must assume that there may be
    a job, and searches the history for two minutes. So 5xx is for nothing else.
    """

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Submits:
    """Sends submits with the backend's key."""

    def __init__(self, settings: Settings, jobs: Jobs) -> None:
        self._settings = settings
        self._jobs = jobs
        self._tasks: set[asyncio.Task[Any]] = set()
        self.client = viseme.AsyncClient(
            base_url=settings.base_url,
            api_key=settings.api_key,
            ledger=settings.ledger,
            # The client of the app has checked the media; this backend need not read them.
            check_remote_media=False,
        )

    async def resume(self) -> None:
        """Load the jobs, and finish the submits that were interrupted when this program ended."""
        submits = await self.client.ledger.submits()
        self._jobs.load(submits)
        # Two submits of the same files look alike: a job of another one is none of a lost one.
        known = [submit.job_id for submit in submits if submit.job_id is not None]
        for submit in submits:
            if submit.state == "sent":
                self._start(self._finish(submit, known))

    async def close(self) -> None:
        """Wait for the submits in flight."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.aclose()

    async def submit(self, user: str, model: str, given: Mapping[str, Any]) -> OwnJob:
        """Submit a job for a user, also if the user hangs up meanwhile."""
        parameters = self._check(model, given)
        task = self._start(self._submit(user, model, parameters))
        return await asyncio.shield(task)

    def _start(self, work: Coroutine[Any, Any, OwnJob]) -> asyncio.Task[OwnJob]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[OwnJob]) -> None:
        self._tasks.discard(task)
        # The user may have hung up: then nobody else looks at the error.
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("a submit failed: %s", error)

    def _check(self, model: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a submit. Text that is no URL would be a file of the server."""
        if model not in self._settings.models:
            raise RefusedError(403, f"This app does not use the model {model}.")
        media = self._settings.models[model]
        for name, value in given.items():
            if name in media and not self._is_url(value):
                raise RefusedError(400, f"`{name}` must be the URL of an uploaded file.")
        return {name: viseme.Media.url(it) if name in media else it for name, it in given.items()}

    def _is_url(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        # The mock server has no certificate, and another address for apps.
        schemes = {"https", urlsplit(self._settings.base_url).scheme}
        url = urlsplit(value)
        return url.scheme in schemes and url.netloc != ""

    async def _submit(self, user: str, model: str, parameters: dict[str, Any]) -> OwnJob:
        was_sent = False

        def on_progress(event: viseme.Progress) -> None:
            nonlocal was_sent
            was_sent = was_sent or event.event == "submitting"

        with self._jobs.submitting(user):
            key = new_key(user)
            try:
                job = await self.client.submit(model, parameters, key=key, on_progress=on_progress)
            except viseme.VisemeError as error:
                raise translate(error) from error
            except Exception as error:
                logger.exception("a submit failed")
                raise unexpected(was_sent) from error
            given = {name: getattr(it, "source", it) for name, it in parameters.items()}
            return self._jobs.add(job.id, user, model, given)

    async def _finish(self, submit: viseme.LedgerSubmit, known: list[str]) -> OwnJob:
        """Find the job of a submit that was sent before this program ended. Never pays again."""
        record = submit.record
        job = await self.client.recover(record, exclude=known)
        await self.client.ledger.adopt(submit.key, job.id)
        logger.warning("found job %s of an interrupted submit", job.id)
        return self._jobs.add(job.id, user_of(submit.key), record.model, record.input)


def translate(error: viseme.VisemeError) -> RefusedError:
    """Return the answer to the app for an error of a submit."""
    match error:
        case viseme.SubmissionUnknownError():
            return RefusedError(504, "The service did not answer. Your job may run.")
        case viseme.InputError() | viseme.BadRequestError() | viseme.NotFoundError():
            return RefusedError(400, error.message)
        case (
            viseme.AuthenticationError()
            | viseme.InsufficientCreditsError()
            | viseme.PermissionDeniedError()
        ):
            # It is our account and not the user's: 401 would make the app sign in again.
            logger.error("the account cannot submit: %s", error)
            return RefusedError(
                424, "Lip-sync is not available at the moment. You were not charged."
            )
        case viseme.RateLimitError() | viseme.ApiConnectionError() | viseme.LedgerError():
            # Nothing was sent, or the service refused it. 429 is the status after which a client
            # sends a submit again.
            logger.warning("the service cannot be used: %s", error)
            message = "The service is busy. You were not charged."
            return RefusedError(429, message, error.retry_after or 10)
        case _:
            logger.error("a submit failed: %s", error)
            return RefusedError(424, "The job could not be started. You were not charged.")


def unexpected(was_sent: bool) -> RefusedError:
    """Return the answer for an error of this program."""
    if was_sent:
        return RefusedError(504, "Something went wrong. Your job may run.")
    return RefusedError(424, "Something went wrong. You were not charged.")
