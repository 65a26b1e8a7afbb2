"""The task that most people write: a POST and a wait in one task that Celery retries."""

from __future__ import annotations

import os
import time

import requests
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

API = os.environ["WAVESPEED_BASE_URL"] + "/api/v3"
HEADERS = {"Authorization": f"Bearer {os.environ['WAVESPEED_API_KEY']}"}

app = Celery("naive", broker=os.environ["CLIPS_REDIS"], backend=os.environ["CLIPS_REDIS"])


@app.task(
    autoretry_for=(requests.RequestException, SoftTimeLimitExceeded),
    retry_backoff=1,
    max_retries=12,
)
def lip_sync(audio: str, video: str) -> str:
    url = f"{API}/kwaivgi/kling-lipsync/audio-to-video"
    body = {"audio": audio, "video": video}
    answer = requests.post(url, json=body, headers=HEADERS, timeout=60)
    answer.raise_for_status()
    job = answer.json()["data"]["id"]
    while True:
        answer = requests.get(f"{API}/predictions/{job}/result", headers=HEADERS, timeout=60)
        answer.raise_for_status()
        data = answer.json()["data"]
        if data["status"] == "completed":
            return str(data["outputs"][0])
        if data["status"] == "failed":
            raise RuntimeError(data["error"])
        time.sleep(0.2)
