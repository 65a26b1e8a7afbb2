"""Runs many jobs with one client, and prints measurements as JSON.

Usage: ``load.py CLIENT JOBS URL KEY``. The media are URLs, so that nothing is uploaded. The output
has the id of each completed job with the time at which its result arrived, in seconds since 1970.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

MODEL = "kwaivgi/kling-lipsync/audio-to-video"
INPUT = {"audio": "https://media.example/voice.mp3", "video": "https://media.example/face.mp4"}
POLL = 1.0
CompletedJob = tuple[str, float]
Run = Callable[[int, str, str], list[CompletedJob]]


def viseme_settings(url: str, key: str) -> dict[str, Any]:
    """Return the settings that the others have too; only connections are limited."""
    import viseme

    return {
        "base_url": url,
        "api_key": key,
        "check_remote_media": False,
        "pacing": viseme.Pacing(interval=POLL, jitter=0.0),
        "max_polls_per_second": 1_000_000,
    }


def viseme_many(jobs: int, url: str, key: str) -> list[CompletedJob]:
    """Use ``run_many`` of the blocking client."""
    import viseme

    client = viseme.Client(**viseme_settings(url, key))
    inputs = [viseme.AudioToVideo(**INPUT)] * jobs
    results = client.run_many(inputs, limit=jobs)
    return [(result.unwrap().id, time.time()) for result in results]


def viseme_many_async(jobs: int, url: str, key: str) -> list[CompletedJob]:
    """Use ``run_many`` of the asyncio client."""
    import asyncio

    import viseme

    async def main() -> list[CompletedJob]:
        inputs = [viseme.AudioToVideo(**INPUT)] * jobs
        async with viseme.AsyncClient(**viseme_settings(url, key)) as client:
            results = client.run_many(inputs, limit=jobs)
            return [(result.unwrap().id, time.time()) async for result in results]

    return asyncio.run(main())


def viseme_await(jobs: int, url: str, key: str) -> list[CompletedJob]:
    """Use one asyncio task for each job."""
    import asyncio

    import viseme

    async def one(client: viseme.AsyncClient) -> CompletedJob:
        prediction = await client.run(viseme.AudioToVideo(**INPUT))
        return prediction.id, time.time()

    async def main() -> list[CompletedJob]:
        async with viseme.AsyncClient(**viseme_settings(url, key)) as client:
            return await asyncio.gather(*(one(client) for _ in range(jobs)))

    return asyncio.run(main())


def aiohttp_loop(jobs: int, url: str, key: str) -> list[CompletedJob]:
    """Use a handwritten loop: a POST, then a GET each second."""
    import asyncio

    import aiohttp

    async def one(session: aiohttp.ClientSession) -> CompletedJob:
        async with session.post(f"{url}/api/v3/{MODEL}", json=INPUT) as response:
            job = (await response.json())["data"]["id"]
        while True:
            await asyncio.sleep(POLL)
            async with session.get(f"{url}/api/v3/predictions/{job}/result") as response:
                data = (await response.json())["data"]
            if data["status"] == "completed":
                return job, time.time()

    async def main() -> list[CompletedJob]:
        headers = {"Authorization": f"Bearer {key}"}
        # As many connections as Viseme uses.
        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
            return await asyncio.gather(*(one(session) for _ in range(jobs)))

    return asyncio.run(main())


def official(jobs: int, url: str, key: str) -> list[CompletedJob]:
    """Use the official package with one thread for each job, as it blocks."""
    import threading

    import wavespeed

    client = wavespeed.Client(api_key=key, base_url=url)
    done: list[CompletedJob] = []

    def one() -> None:
        result = client.run(MODEL, INPUT, poll_interval=POLL)
        # It does not return the id, but the URL of an output contains it.
        done.append((result["outputs"][0].split("/")[-2], time.time()))

    threading.stack_size(256 * 1024)
    threads = [threading.Thread(target=one) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


CLIENTS: dict[str, Run] = {
    "viseme-many": viseme_many,
    "viseme-many-async": viseme_many_async,
    "viseme-await": viseme_await,
    "aiohttp": aiohttp_loop,
    "official": official,
}


def cpu() -> float:
    """Return the CPU time of this process in seconds, for all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the jobs and print the measurements."""
    client, jobs, url, key = sys.argv[1:]
    bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, before = time.monotonic(), cpu()
    ended = CLIENTS[client](int(jobs), url, key)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measured = {
        "ended": ended,
        "cpu_ms_per_job": (cpu() - before) * 1000 / int(jobs),
        "seconds": time.monotonic() - start,
        "peak_mib_over_bare": (peak - bare) / 1024,
    }
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
