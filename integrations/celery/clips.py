"""Celery tasks that lip-sync clips and pay for each clip once.

Start Redis, set WAVESPEED_API_KEY, and start workers in this folder:

    celery --app clips worker --concurrency 8

Then send clips from any program: `clips.lip_sync("episode-7/clip-12", …).delay()`.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import viseme
from celery import Celery, Task, chain, chord
from celery.canvas import Signature
from celery.exceptions import SoftTimeLimitExceeded

REDIS = os.environ.get("CLIPS_REDIS", "redis://localhost:6379/0")
# A file on a local disk, for the workers of one machine.
LEDGER = os.environ.get("CLIPS_LEDGER", "ledger.db")

# How many seconds a task waits for a job. Then it makes room for others for that long.
WAIT = 20.0
PAUSE = 20.0

# What may go well on the next attempt. None of it can pay twice, because of the key.
TEMPORARY = (
    viseme.ApiConnectionError,
    viseme.RateLimitError,
    viseme.ServerError,
    viseme.UploadError,
    viseme.DownloadError,
    viseme.SubmissionUnknownError,
    SoftTimeLimitExceeded,
)

app = Celery("clips", broker=REDIS, backend=REDIS)
app.conf.update(
    # A message is removed when its task has ended, and delivered again if its worker was killed.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Redis delivers a message again after this many seconds without an acknowledgement. Keep it
    # longer than the longest task and the longest delay of a retry.
    broker_transport_options={"visibility_timeout": 3600, "unacked_restore_throttle": 1},
    task_soft_time_limit=900,
    task_time_limit=960,
)


@cache
def client() -> viseme.Client:
    """Return the client of this worker process. A client cannot be used after a fork."""
    return viseme.Client(ledger=LEDGER)


@app.task(autoretry_for=TEMPORARY, retry_backoff=5, retry_backoff_max=900, max_retries=12)
def submit(clip_id: str, audio: str, video: str) -> str:
    """Pay for a clip, at most once however often this runs. Returns the id of its job."""
    # The key is the id of the clip: an id of the task would be another one in the next run.
    return client().submit(viseme.AudioToVideo(audio=audio, video=video), key=clip_id).id


@app.task(bind=True, autoretry_for=TEMPORARY, retry_backoff=5, max_retries=None)
def fetch(self: Task[Any, Any], job_id: str, path: str) -> str:
    """Wait for a job and save its output. Returns the path."""
    try:
        prediction = client().job(job_id).wait(timeout=WAIT)
    except viseme.WaitTimeoutError:
        raise self.retry(countdown=PAUSE) from None
    prediction.save(path)
    return path


def lip_sync(clip_id: str, audio: str, video: str, path: str) -> Signature[str]:
    """Return the steps of one clip. Send them with `.delay()`."""
    return chain(submit.s(clip_id, audio, video), fetch.s(path))


def lip_sync_all(clips: list[dict[str, str]], then: Signature[Any]) -> Signature[Any]:
    """Return the steps of many clips. `then` gets their paths, once all of them are saved."""
    return chord([lip_sync(**clip) for clip in clips], then)
