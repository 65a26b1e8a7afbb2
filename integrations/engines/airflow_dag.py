"""Airflow: a DAG that pays for each clip once."""

from datetime import timedelta

import viseme
from airflow.sdk import dag, task


@task(retries=5, retry_delay=timedelta(seconds=30))
def lip_sync(params: dict[str, str] | None = None) -> None:
    clip = params or {}
    with viseme.Client(ledger="ledger.db") as client:
        given = viseme.AudioToVideo(audio=clip["audio"], video=clip["video"])
        client.run(given, key=clip["clip_id"]).save(clip["path"])


@dag(schedule=None, params={"clip_id": "", "audio": "", "video": "", "path": ""})
def clip() -> None:
    lip_sync()


clip()
