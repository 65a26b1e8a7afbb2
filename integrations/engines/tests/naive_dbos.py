"""DBOS with a plain POST."""

import naive
from dbos import DBOS


@DBOS.step(retries_allowed=True, max_attempts=5, interval_seconds=1)
def lip_sync(audio: str, video: str) -> str:
    return naive.lip_sync(audio, video)


@DBOS.workflow()
def clip(clip_id: str, audio: str, video: str, path: str) -> str:
    return lip_sync(audio, video)
