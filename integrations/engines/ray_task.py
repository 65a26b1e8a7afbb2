"""Ray: a task that pays for each clip once."""

import ray
import viseme


@ray.remote(max_retries=5, retry_exceptions=True)
def lip_sync(clip_id: str, audio: str, video: str, path: str) -> str:
    with viseme.Client(ledger="ledger.db") as client:
        given = viseme.AudioToVideo(audio=audio, video=video)
        client.run(given, key=clip_id).save(path)
    return path
