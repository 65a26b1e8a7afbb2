"""The errors. docs/errors.md has the table of their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._prediction import Prediction
    from ._records import SubmitRecord
    from ._report import Violation


class VisemeError(Exception):
    """The base of every error that Viseme raises."""

    code: str
    """The stable code, the same in every language."""
    message: str
    """What was wrong, where, and what to do."""
    job_id: str | None
    """The job's id, on every error raised after it was known: ``client.job(id)`` goes on."""
    attempts: int
    """How many times the failed step was tried."""
    app_code: int | None
    """The service's application code (1200, 1402, …)."""
    prediction: Prediction | None
    """The last state of the job that was seen."""
    status: int | None
    """The HTTP status, where an HTTP answer came."""
    request_id: str | None
    """The service's id of the request, worth quoting to its support."""
    retry_after: float | None
    """How many seconds the service asks to wait."""
    body: str | None
    """The answer's body as text, at most 4096 bytes, without the key."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        job_id: str | None = None,
        attempts: int = 1,
        app_code: int | None = None,
        prediction: Prediction | None = None,
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

    def __reduce__(self) -> tuple[Any, ...]:
        causes: list[str] = []
        cause = self.__cause__
        while cause is not None:
            causes.append(str(cause))
            cause = cause.__cause__
        return _again, (type(self), self.message, dict(self.__dict__), causes)


class ConfigError(VisemeError, ValueError):
    """The client was set up with something it cannot use, or there is no API key."""


class InputError(VisemeError, ValueError):
    """The input or its media break the model's rules. Nothing was submitted, nothing was spent."""

    violations: tuple[Violation, ...] = ()
    """Every broken rule."""


class ApiError(VisemeError):
    """The base of what went wrong between this machine and the service."""


class ApiConnectionError(ApiError):
    """The service could not be reached, or the connection broke."""


class ApiTimeoutError(ApiConnectionError, TimeoutError):
    """One request took longer than the request timeout."""


class ApiStatusError(ApiError):
    """The service answered with an HTTP status that is not a success."""


class BadRequestError(ApiStatusError):
    """HTTP 400 or 422: the service refused the request as wrong."""


class AuthenticationError(ApiStatusError):
    """HTTP 401: the API key is missing or not accepted."""


class InsufficientCreditsError(ApiStatusError):
    """The account is out of credits."""


class PermissionDeniedError(ApiStatusError):
    """HTTP 403: the key may not do this, or the account is suspended."""


class NotFoundError(ApiStatusError):
    """HTTP 404: no such job, model or file, or no longer. Jobs are kept for seven days."""


class RateLimitError(ApiStatusError):
    """HTTP 429, and trying again as often as allowed did not help."""


class ServerError(ApiStatusError):
    """HTTP 5xx: the service failed."""


class ApiResponseError(ApiError):
    """The service answered with something that cannot be understood."""


class SubmissionUnknownError(VisemeError):
    """The answer to the submit was lost. It is not sent again, as that might pay twice."""

    record: SubmitRecord | None = None
    """What was submitted and when: keep it, and call ``client.recover`` later."""
    candidates: tuple[Prediction, ...] = ()
    """The jobs of the history that could be the lost one."""


class UploadError(VisemeError):
    """A file could not be uploaded. Nothing was submitted."""


class DownloadError(VisemeError):
    """An output could not be downloaded or saved. The job is done and paid."""


class WebhookError(VisemeError):
    """A webhook delivery could not be verified or read: answer it with a 4xx status."""


class JobError(VisemeError):
    """The base of what became of a job. It always has a ``job_id``."""


class JobFailedError(JobError):
    """The job ended as ``failed``. The service refunds failed jobs."""


class JobCancelledError(JobError):
    """The job ended as ``cancelled``, ``timeout`` or ``deleted`` on the service's side."""


class WaitTimeoutError(JobError, TimeoutError):
    """``timeout`` passed while the job was running. It goes on: wait again by its id."""


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
    "upload": UploadError,
    "download": DownloadError,
    "webhook": WebhookError,
    "job_failed": JobFailedError,
    "job_cancelled": JobCancelledError,
    "wait_timeout": WaitTimeoutError,
}


class Cause(Exception):  # noqa: N818 - it is never raised by itself
    """What an error behind an error said."""


def refused(code: str, message: str) -> VisemeError:
    """Make an error that the facade itself raises."""
    return CLASSES[code](message, code=code)


def chain(error: VisemeError, causes: list[str]) -> VisemeError:
    """Put the errors behind an error into its chain."""
    at: BaseException = error
    for text in causes:
        at.__cause__ = Cause(text)
        at = at.__cause__
    return error


def _again(
    kind: type[VisemeError], message: str, attributes: dict[str, Any], causes: list[str]
) -> VisemeError:
    error = kind(message, code=attributes["code"])
    error.__dict__.update(attributes)
    return chain(error, causes)
