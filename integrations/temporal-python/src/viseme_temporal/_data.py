"""What workflows and activities pass to each other: plain JSON, without the API key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Timing:
    """How long the steps of a job may take. All times are in seconds."""

    heartbeat_timeout: float = 60
    """After this time without a heartbeat, the worker of a step counts as dead."""
    upload_timeout: float = 3600
    """The longest attempt to check and upload the media."""
    submit_timeout: float = 900
    """The longest submit, with its retries of rejected requests and its search for a lost one."""
    submit_attempts: int = 10
    """How many submits are tried, as long as each is known not to be sent or to be rejected."""
    recover_pauses: tuple[float, ...] = (60, 300, 1800, 7200, 21600)
    """The pauses between searches for a lost submit. The last one repeats."""
    recover_for: float = 7 * 86400
    """How long to search for a lost submit. The service keeps jobs for seven days."""
    webhook_wait: float = 600
    """How long to wait for the webhook before polling, if the job has one."""
    wait_timeout: float = 3600
    """The longest attempt to wait for a job. There are as many as it takes."""
    fetch_timeout: float = 3600
    """The longest attempt to save an output. There are as many as it takes."""


@dataclass(frozen=True)
class Job:
    """One job: a model, its media, and what to do with the result."""

    model: str
    """The model's id, such as ``kwaivgi/kling-lipsync/audio-to-video``."""
    media: dict[str, str] = field(default_factory=dict[str, str])
    """The media by parameter: URLs, or paths that every worker can read."""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    """The other parameters."""
    path: str | None = None
    """Where to save the first output, on a disk of the worker. Default: it is not saved."""
    job_id: str | None = None
    """A job that was paid for before: the workflow only waits and fetches."""
    webhook: str | None = None
    """The URL of your webhook receiver, which calls ``complete_from_webhook``."""
    timing: Timing = Timing()
    """How long the steps may take."""


@dataclass(frozen=True)
class JobResult:
    """The result of a job."""

    job_id: str
    """The id of the job."""
    outputs: list[str]
    """The URLs of the outputs. The service keeps them for seven days."""
    path: str | None = None
    """Where the first output was saved."""


@dataclass(frozen=True)
class Record:
    """What was submitted and when: enough to find the job in the history of the account."""

    model: str
    """The model's id."""
    input: Any
    """The body that was sent."""
    sent_at: str
    """When it was sent, by the clock of the worker."""


@dataclass(frozen=True)
class JobState:
    """How far a job is: the answer to the query ``viseme_state``."""

    step: str
    """``upload``, ``submit``, ``recover``, ``wait``, ``fetch`` or ``done``."""
    job_id: str | None = None
    """The id of the job, once it is known."""
    record: Record | None = None
    """The submit whose outcome is unknown, in the step ``recover``."""
    error: str | None = None
    """The last error of the step."""


@dataclass(frozen=True)
class UploadRequest:
    """The argument of ``viseme_upload``."""

    model: str
    media: dict[str, str]
    parameters: dict[str, Any]


@dataclass(frozen=True)
class SubmitRequest:
    """The argument of ``viseme_submit``."""

    model: str
    input: dict[str, Any]
    webhook: str | None
    update: str
    """The update of the workflow that allows the POST."""
    attempt: int
    """The submit that the workflow allows: it refuses an earlier one that is late."""


@dataclass(frozen=True)
class Sending:
    """The argument of the update: a POST is about to be sent."""

    attempt: int
    record: Record


@dataclass(frozen=True)
class RecoverRequest:
    """The argument of ``viseme_recover``."""

    record: Record
    sent_within: float


@dataclass(frozen=True)
class FetchRequest:
    """The argument of ``viseme_fetch``."""

    job_id: str
    path: str
