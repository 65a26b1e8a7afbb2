"""Prefect: a flow that pays for each clip once."""

import viseme
from prefect import flow, task


@task(retries=5, retry_delay_seconds=30)
def lip_sync(clip_id: str, audio: str, video: str, path: str) -> str:
    with viseme.Client(ledger="ledger.db") as client:
        given = viseme.AudioToVideo(audio=audio, video=video)
        client.run(given, key=clip_id).save(path)
    return path


@flow
def clip(clip_id: str, audio: str, video: str, path: str) -> str:
    return lip_sync(clip_id, audio, video, path)
