"""Tasks that pay for each clip once, however often they run."""

from __future__ import annotations

from functools import cache
from typing import Any

import viseme
from celery import Task, shared_task
from django.conf import settings

from .models import Clip

# How many seconds a task waits for a job. Then it makes room for others for that long.
WAIT = 20.0
PAUSE = 20.0

# What may go well on the next attempt. None of it can pay twice, because of the key.
TEMPORARY = (
    viseme.ApiConnectionError,
    viseme.RateLimitError,
    viseme.ServerError,
    viseme.SubmissionUnknownError,
)


@cache
def client() -> viseme.Client:
    """Return the client of this worker process. A client cannot be used after a fork."""
    return viseme.Client(ledger=settings.LEDGER)


@shared_task(autoretry_for=TEMPORARY, retry_backoff=5, retry_backoff_max=900, max_retries=12)
def submit(clip_id: str) -> None:
    """Submit a clip, at most once however often this runs."""
    clip = Clip.objects.get(pk=clip_id)
    # Text that is no URL would be a file of this machine.
    audio, video = viseme.Media.url(clip.audio), viseme.Media.url(clip.video)
    try:
        job = client().submit(viseme.AudioToVideo(audio=audio, video=video), key=clip_id)
    except TEMPORARY:
        raise
    except viseme.VisemeError as error:
        save(clip_id, state="failed", error=error.message)
        return
    save(clip_id, state="processing", job_id=job.id)
    fetch.delay(clip_id, job.id)


@shared_task(bind=True, autoretry_for=TEMPORARY, retry_backoff=5, max_retries=None)
def fetch(self: Task[Any, Any], clip_id: str, job_id: str) -> None:
    """Wait for the job of a clip, and store its output."""
    try:
        prediction = client().job(job_id).wait(timeout=WAIT)
    except viseme.WaitTimeoutError:
        raise self.retry(countdown=PAUSE) from None
    except viseme.JobError as error:
        save(clip_id, state="failed", error=error.message)
        return
    save(clip_id, state="ready", output=prediction.output_url)


def save(clip_id: str, **values: str | None) -> None:
    """Change some columns of a clip."""
    Clip.objects.filter(pk=clip_id).update(**values)
