"""Errors. docs/errors.md lists them with their codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._generated import decode_duration
from ._logs import logger
from ._models import BasePrediction, to_plain

if TYPE_CHECKING:
    from . import _generated_types as types
    from ._generated_reports import SubmitRecord, Violation


class VisemeError(Exception):
    """The base of every error that Viseme raises."""

    code: str
    """The stable code, the same in every language."""
    message: str
    """What went wrong, and what to do about it."""
    job_id: str | None
    """The id of the job, on every error after the submit: ``client.job(id)`` finds it again."""
    attempts: int
    """How many times the step that failed was tried."""
    app_code: int | None
    """The service's application code (1200, 1402, …)."""
    prediction: BasePrediction | None
    """The last known state of the job, of the kind of the client that raised the error."""
    status: int | None
    """The HTTP status, if the service answered."""
    request_id: str | None
    """The service's id of the request. Quote it to its support."""
    retry_after: float | None
    """How many seconds the service wants the client to wait."""
    body: str | None
    """The body of the answer as text, at most 4096 bytes, without the API key."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        job_id: str | None = None,
        attempts: int = 1,
        app_code: int | None = None,
        prediction: BasePrediction | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.job_id = job_id
        self.attempts = attempts
        self.app_code = app_code
        self.prediction = prediction
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON values: its class, its message and what is known."""
        known = {name: value for name, value in vars(self).items() if value not in (None, ())}
        return {"type": type(self).__name__, **to_plain(known), "causes": self._causes()}

    def __json__(self) -> dict[str, Any]:
        # The JSON encoder of Celery calls this.
        return self.to_dict()

    def _causes(self) -> list[str]:
        causes: list[str] = []
        cause = self.__cause__
        while cause is not None:
            causes.append(str(cause))
            cause = cause.__cause__
        return causes

    def __reduce__(self) -> tuple[Any, ...]:
        attributes = {key: it for key, it in vars(self).items() if key != "__notes__"}
        return _unpickle, (type(self), self.message, attributes, self._causes())


class ConfigError(VisemeError, ValueError):
    """A setting of the client is invalid, the API key is missing, or the client is closed."""


class InputError(VisemeError, ValueError):
    """The input or an argument is invalid. Nothing was submitted and nothing was charged."""

    violations: tuple[Violation, ...] = ()
    """Every broken rule."""


class ApiError(VisemeError):
    """The base of errors between this machine and the service."""


class ApiConnectionError(ApiError):
    """The service could not be reached, or the connection broke."""


class ApiTimeoutError(ApiConnectionError, TimeoutError):
    """One request took longer than the request timeout."""


class ApiStatusError(ApiError):
    """The service answered with an HTTP status that is not a success."""


class BadRequestError(ApiStatusError):
    """HTTP 400 or 422: the service rejected the request as invalid."""


class AuthenticationError(ApiStatusError):
    """HTTP 401: the API key is missing or invalid."""


class InsufficientCreditsError(ApiStatusError):
    """The account is out of credits."""


class PermissionDeniedError(ApiStatusError):
    """HTTP 403: the API key lacks the permission, or the account is suspended."""


class NotFoundError(ApiStatusError):
    """HTTP 404: the job, model or file does not exist. Jobs are kept for seven days."""


class RateLimitError(ApiStatusError):
    """HTTP 429, after every allowed attempt."""


class ServerError(ApiStatusError):
    """HTTP 5xx: the service failed."""


class ApiResponseError(ApiError):
    """The service sent an answer that cannot be read."""


class SubmissionUnknownError(VisemeError):
    """The answer to the submit was lost. It is not sent again, because that could charge twice."""

    record: SubmitRecord | None = None
    """The record of the submit. Keep it, and call ``client.recover`` later."""
    candidates: tuple[BasePrediction, ...] = ()
    """The jobs in the history that may be the lost one."""


class LedgerError(VisemeError):
    """The ledger of paid submits cannot be used. Nothing was submitted."""


class UploadError(VisemeError):
    """A file could not be uploaded. Nothing was submitted."""


class DownloadError(VisemeError):
    """An output could not be downloaded or saved. The job is completed and charged."""


class WebhookError(VisemeError):
    """A webhook delivery could not be verified or read. Answer it with a 4xx status."""


class JobError(VisemeError):
    """The base of errors of a job. They always have a ``job_id``."""

    job_id: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """The id of the job: ``client.job(id)`` finds it again."""


class JobFailedError(JobError):
    """The job ended as ``failed``. The service refunds failed jobs."""


class JobCancelledError(JobError):
    """The service ended the job as ``cancelled``, ``timeout`` or ``deleted``."""


class WaitTimeoutError(JobError, TimeoutError):
    """``timeout`` passed before the job ended. The job continues: wait for it again by its id."""


CLASSES: dict[str, type[VisemeError]] = {
    "config": ConfigError,
    "invalid_input": InputError,
    "connection": ApiConnectionError,
    "request_timeout": ApiTimeoutError,
    "bad_request": BadRequestError,
    "authentication": AuthenticationError,
    "insufficient_credits": InsufficientCreditsError,
    "permission_denied": PermissionDeniedError,
    "not_found": NotFoundError,
    "rate_limit": RateLimitError,
    "server": ServerError,
    "api_status": ApiStatusError,
    "unexpected_response": ApiResponseError,
    "submission_unknown": SubmissionUnknownError,
    "ledger": LedgerError,
    "upload": UploadError,
    "download": DownloadError,
    "webhook": WebhookError,
    "job_failed": JobFailedError,
    "job_cancelled": JobCancelledError,
    "wait_timeout": WaitTimeoutError,
}


class Cause(Exception):  # noqa: N818 - it is never raised itself
    """The message of an error behind an error."""


def make_error(code: str, message: str) -> VisemeError:
    """Return an error of the class that belongs to the code."""
    return CLASSES[code](message, code=code)


def decode_error(
    data: types.ErrorData, decode_prediction: Callable[[types.PredictionData], BasePrediction]
) -> VisemeError:
    """Decode an error. Its predictions are made by `decode_prediction`."""
    error = CLASSES.get(data["code"], ApiResponseError)(
        data["message"],
        code=data["code"],
        job_id=data.get("jobId"),
        attempts=data["attempts"],
        app_code=data.get("appCode"),
        prediction=decode_prediction(data["prediction"]) if "prediction" in data else None,
        status=data.get("status"),
        request_id=data.get("requestId"),
        retry_after=decode_duration(data["retryAfterMs"]) if "retryAfterMs" in data else None,
        body=data.get("body"),
    )
    if "violations" in data:
        from ._generated_reports import decode_violation

        vars(error)["violations"] = tuple(map(decode_violation, data["violations"]))
    if "record" in data:
        from ._generated_reports import decode_submit_record

        vars(error)["record"] = decode_submit_record(data["record"])
    if "candidates" in data:
        vars(error)["candidates"] = tuple(map(decode_prediction, data["candidates"]))
    return _chain_causes(error, data.get("causes", []))


def name_open_jobs(error: BaseException, jobs: types.OpenJobs) -> None:
    """Name the jobs that continue at the service on the exception that ended their call.

    The exception gets the attributes `job_id`, `job_ids` and `records`, and a note.
    """
    message = describe_open_jobs(jobs)
    if message is None:
        return
    from ._generated_reports import decode_submit_record

    job_ids = jobs["jobIds"]
    attributes = {
        "job_id": job_ids[0] if job_ids else None,
        "job_ids": tuple(job_ids),
        "records": tuple(map(decode_submit_record, jobs["records"])),
    }
    for name, value in attributes.items():
        setattr(error, name, value)
    add_note(error, message)


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception. Python 3.10 has none."""
    if hasattr(error, "add_note"):
        error.add_note(note)


def describe_open_jobs(jobs: types.OpenJobs) -> str | None:
    """Say in the log and return which jobs continue at the service. Returns None for none."""
    sentences: list[str] = []
    match jobs["jobIds"]:
        case []:
            pass
        case [job_id]:
            sentences.append(
                f"The job {job_id} continues at the service: client.job({job_id!r}).wait() waits "
                "for it again."
            )
        case job_ids:
            sentences.append(
                f"{len(job_ids)} jobs continue at the service: {', '.join(job_ids)}. "
                "client.job(id).wait() waits for one again."
            )
    sentences += [
        f"A submit to {record['model']} at {record['sentAt']} got no response yet: "
        "client.recover(record) finds its job."
        for record in jobs["records"]
    ]
    if not sentences:
        return None
    message = " ".join(sentences)
    logger().warning("The call ended early. %s", message)
    return message


def _chain_causes(error: VisemeError, causes: list[str]) -> VisemeError:
    at: BaseException = error
    for text in causes:
        at.__cause__ = Cause(text)
        at = at.__cause__
    return error


def _unpickle(
    kind: type[VisemeError], message: str, attributes: dict[str, Any], causes: list[str]
) -> VisemeError:
    error = kind(message, code=attributes["code"])
    error.__dict__.update(attributes)
    return _chain_causes(error, causes)
