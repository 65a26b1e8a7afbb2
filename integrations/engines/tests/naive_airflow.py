"""Airflow with a plain POST."""

from datetime import timedelta

import naive
from airflow.sdk import dag, task


@task(retries=5, retry_delay=timedelta(seconds=1))
def lip_sync(params: dict[str, str] | None = None) -> None:
    clip = params or {}
    naive.lip_sync(clip["audio"], clip["video"])


@dag(schedule=None, params={"clip_id": "", "audio": "", "video": "", "path": ""})
def naive_clip() -> None:
    lip_sync()


naive_clip()
