"""The step that most people write: a plain POST, and a wait for its job."""

import os
import time

import requests


def lip_sync(audio: str, video: str) -> str:
    api = os.environ["WAVESPEED_BASE_URL"] + "/api/v3"
    headers = {"Authorization": f"Bearer {os.environ['WAVESPEED_API_KEY']}"}
    url = f"{api}/kwaivgi/kling-lipsync/audio-to-video"
    body = {"audio": audio, "video": video}
    answer = requests.post(url, json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    job = answer.json()["data"]["id"]
    while True:
        answer = requests.get(f"{api}/predictions/{job}/result", headers=headers, timeout=60)
        answer.raise_for_status()
        data = answer.json()["data"]
        if data["status"] == "completed":
            return str(data["outputs"][0])
        if data["status"] == "failed":
            raise RuntimeError(data["error"])
        time.sleep(0.2)
