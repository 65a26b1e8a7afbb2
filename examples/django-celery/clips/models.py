"""The table of clips."""

from __future__ import annotations

import uuid

from django.db import models


class Clip(models.Model):
    """A clip. Its id is the key of its submit in the ledger, so it is paid for once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    audio = models.URLField(max_length=2000)
    video = models.URLField(max_length=2000)
    state = models.CharField(max_length=20, default="queued")
    job_id = models.CharField(max_length=200, blank=True)
    output = models.URLField(max_length=2000, blank=True)
    error = models.TextField(blank=True)
