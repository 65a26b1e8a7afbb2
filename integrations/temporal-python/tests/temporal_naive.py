"""The workflow that most people write: an activity with a plain POST, retried by Temporal."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow


def _request(path: str, body: object = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{os.environ['WAVESPEED_BASE_URL']}/api/v3/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['WAVESPEED_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        data: dict[str, Any] = json.load(response)["data"]
    return data


async def _send_heartbeats() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.5)


@activity.defn
async def naive_lip_sync(media: dict[str, str]) -> str:
    heartbeats = asyncio.create_task(_send_heartbeats())
    try:
        path = "kwaivgi/kling-lipsync/audio-to-video"
        job = (await asyncio.to_thread(_request, path, media))["id"]
        while True:
            data = await asyncio.to_thread(_request, f"predictions/{job}/result")
            if data["status"] == "completed":
                return str(data["outputs"][0])
            await asyncio.sleep(0.2)
    finally:
        heartbeats.cancel()


@workflow.defn(name="naive")
class NaiveWorkflow:
    @workflow.run
    async def run(self, media: dict[str, str]) -> str:
        return await workflow.execute_activity(
            naive_lip_sync,
            media,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(seconds=3),
        )
