"""DBOS: a workflow that pays for each clip once."""

import viseme
from dbos import DBOS


@DBOS.step(retries_allowed=True, max_attempts=5, interval_seconds=30)
def lip_sync(clip_id: str, audio: str, video: str, path: str) -> str:
    with viseme.Client(ledger="ledger.db") as client:
        given = viseme.AudioToVideo(audio=audio, video=video)
        client.run(given, key=clip_id).save(path)
    return path


@DBOS.workflow()
def clip(clip_id: str, audio: str, video: str, path: str) -> str:
    return lip_sync(clip_id, audio, video, path)
