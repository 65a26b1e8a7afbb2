"""Ray with a plain POST."""

import naive
import ray


@ray.remote(max_retries=5, retry_exceptions=True)
def lip_sync(clip_id: str, audio: str, video: str, path: str) -> str:
    return naive.lip_sync(audio, video)
