"""Dagster: a job that pays for each clip once."""

import viseme
from dagster import Config, RetryPolicy, job, op


class Clip(Config):
    clip_id: str
    audio: str
    video: str
    path: str


@op(retry_policy=RetryPolicy(max_retries=5, delay=30))
def lip_sync(config: Clip) -> str:
    with viseme.Client(ledger="ledger.db") as client:
        given = viseme.AudioToVideo(audio=config.audio, video=config.video)
        client.run(given, key=config.clip_id).save(config.path)
    return config.path


@job(tags={"dagster/max_retries": 5})
def clip() -> None:
    lip_sync()
