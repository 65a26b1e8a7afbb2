"""Dagster with a plain POST."""

import naive
from dagster import Config, RetryPolicy, job, op


class Clip(Config):
    clip_id: str
    audio: str
    video: str
    path: str


@op(retry_policy=RetryPolicy(max_retries=5, delay=1))
def lip_sync(config: Clip) -> str:
    return naive.lip_sync(config.audio, config.video)


@job(tags={"dagster/max_retries": 5})
def clip() -> None:
    lip_sync()
