"""The apps of the workers, with the short times of tests: `celery --app workers:NAME worker`."""

from __future__ import annotations

import os
from functools import cache

import clips as recipe
import naive as naive_recipe
import viseme

recipe.WAIT = 10.0
recipe.PAUSE = 0.5


@cache
def client() -> viseme.Client:
    return viseme.Client(
        ledger=recipe.LEDGER,
        allow_private_addresses=True,
        check_remote_media=False,
        pacing=0.2,
        recovery_window=1.0,
    )


recipe.client = client


@recipe.app.task(name="tests.join")
def join(paths: list[str]) -> list[str]:
    return sorted(paths)


clips = recipe.app
naive = naive_recipe.app
for app in (clips, naive):
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_transport_options={
            "visibility_timeout": float(os.environ["VISIBILITY_TIMEOUT"]),
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
        task_soft_time_limit=float(os.environ["SOFT_TIME_LIMIT"]),
    )
