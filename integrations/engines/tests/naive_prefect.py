"""Prefect with a plain POST."""

import naive
from prefect import flow, task

lip_sync = task(naive.lip_sync, retries=5, retry_delay_seconds=1)


@flow
def clip(clip_id: str, audio: str, video: str, path: str) -> str:
    return lip_sync(audio, video)
