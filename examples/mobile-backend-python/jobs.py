"""Whose job is whose, and how much each user may do.

The key of each submit in the ledger is `USER/ID`, so the ledger also says whose job it is, and
there is no second record that could contradict it. This process has an index of it: run one
process, or put the index into your database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from viseme import LedgerSubmit

DAY = timedelta(days=1)
# A job whose end nobody saw does not count against its user forever.
LONGEST_JOB = timedelta(hours=1)
ENDED = {"completed", "failed", "cancelled", "timeout", "deleted"}


class LimitError(Exception):
    """A user has reached a limit. The message is for the user."""

    def __init__(self, message: str, status: int, retry_after: int) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass
class OwnJob:
    """A job of a user, in the state in which it was last seen."""

    id: str
    user: str
    model: str
    input: Any
    created_at: datetime
    prediction: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The last status that was seen."""
        return str(self.prediction.get("status", "created"))

    @property
    def may_run(self) -> bool:
        """Whether the job may not have ended."""
        return self.status not in ENDED and now() - self.created_at < LONGEST_JOB

    def shown(self, with_input: bool = False) -> dict[str, Any]:
        """Return the job as the service shows it."""
        known = {
            "id": self.id,
            "model": self.model,
            "status": "created",
            "outputs": [],
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
            **self.prediction,
        }
        return {**known, "inputs": self.input} if with_input else known


def now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


def new_key(user: str) -> str:
    """Return the key of a new submit."""
    return f"{user}/{uuid4().hex}"


def user_of(key: str) -> str:
    """Return the user in a key. The id of a user may contain a slash."""
    return key.rpartition("/")[0]


class Jobs:
    """The jobs of all users."""

    def __init__(self, jobs_per_day: int, jobs_at_once: int, uploads_per_day: int) -> None:
        self._jobs_per_day = jobs_per_day
        self._jobs_at_once = jobs_at_once
        self._uploads_per_day = uploads_per_day
        self._by_id: dict[str, OwnJob] = {}
        self._of_user: dict[str, list[OwnJob]] = defaultdict(list)
        self._submitting: dict[str, int] = defaultdict(int)
        self._uploads: dict[str, list[datetime]] = defaultdict(list)

    def load(self, submits: Iterable[LedgerSubmit]) -> None:
        """Add the jobs of earlier runs of this program."""
        for submit in submits:
            if submit.job_id is not None:
                record = submit.record
                sent_at = datetime.fromisoformat(record.sent_at.replace("Z", "+00:00"))
                self.add(submit.job_id, user_of(submit.key), record.model, record.input, sent_at)

    def add(
        self, job_id: str, user: str, model: str, given: Any, created_at: datetime | None = None
    ) -> OwnJob:
        """Add a job."""
        job = OwnJob(job_id, user, model, given, created_at or now())
        if job_id not in self._by_id:
            self._by_id[job_id] = job
            self._of_user[user].append(job)
        return self._by_id[job_id]

    def find(self, user: str, job_id: str) -> OwnJob | None:
        """Return a job if it belongs to the user."""
        job = self._by_id.get(job_id)
        return job if job is not None and job.user == user else None

    def of(self, user: str) -> list[OwnJob]:
        """Return the jobs of a user, newest first."""
        return sorted(self._of_user[user], key=lambda job: job.created_at, reverse=True)

    def running(self, user: str) -> list[OwnJob]:
        """Return the jobs of a user that may still run."""
        return [job for job in self._of_user[user] if job.may_run]

    @contextmanager
    def submitting(self, user: str) -> Iterator[None]:
        """Count a submit against the limits of its user until its job is added."""
        recent = [job for job in self._of_user[user] if now() - job.created_at < DAY]
        if len(recent) + self._submitting[user] >= self._jobs_per_day:
            raise daily_limit("job", self._jobs_per_day, [job.created_at for job in recent])
        if len(self.running(user)) + self._submitting[user] >= self._jobs_at_once:
            # The client waits and sends the submit again: a running job will have ended.
            jobs = "job" if self._jobs_at_once == 1 else "jobs"
            message = (
                f"You can run {self._jobs_at_once} {jobs} at a time. Wait until one has ended."
            )
            raise LimitError(message, 429, retry_after=5)
        self._submitting[user] += 1
        try:
            yield
        finally:
            self._submitting[user] -= 1

    def count_upload(self, user: str) -> None:
        """Count an upload against the limit of its user."""
        recent = [at for at in self._uploads[user] if now() - at < DAY]
        if len(recent) >= self._uploads_per_day:
            raise daily_limit("upload", self._uploads_per_day, recent)
        self._uploads[user] = [*recent, now()]

    def search(self, user: str, wanted: Mapping[str, Any]) -> list[OwnJob]:
        """Return the jobs of a user that match the filters of a request for the history."""

        def matches(job: OwnJob) -> bool:
            after, before = wanted.get("created_after"), wanted.get("created_before")
            return (
                wanted.get("model") in (None, job.model)
                and wanted.get("status") in (None, job.status)
                and (after is None or job.created_at >= parse_time(after))
                and (before is None or job.created_at <= parse_time(before))
            )

        return [job for job in self.of(user) if matches(job)]


def parse_time(text: Any) -> datetime:
    """Parse a time in a request. Raises a ValueError if it is none."""
    time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def daily_limit(what: str, limit: int, recent: list[datetime]) -> LimitError:
    """Return the error of a user who has used up a day. The client does not try again by itself."""
    wait = max(timedelta(seconds=1), min(recent, default=now()) + DAY - now())
    things = what if limit == 1 else f"{what}s"
    message = f"You have used your {limit} {things} of the last 24 hours. Try again later."
    return LimitError(message, 403, retry_after=int(wait.total_seconds()))
