"""A service that makes clips: uploads, submits, webhooks and a status.

    viseme-mock exec -- uvicorn service:app

It sends webhooks to PUBLIC_URL. Without it, it polls.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import viseme
from fastapi.responses import JSONResponse
from pydantic import AnyHttpUrl, BaseModel, Field

from fastapi import FastAPI, Request, Response

logger = logging.getLogger("clips")


class Clip(BaseModel):
    """A clip to make. Media are URLs: text that is none would be a file of this server."""

    id: str = Field(min_length=1, max_length=200)
    audio: AnyHttpUrl
    video: AnyHttpUrl


class Clips:
    """Submits clips and waits for them. The ledger knows what was paid for."""

    def __init__(self, ledger: str, public_url: str | None) -> None:
        self.client = viseme.AsyncClient(ledger=ledger)
        self._webhook = None if public_url is None else f"{public_url}/hook"
        self._submits: set[asyncio.Task[Any]] = set()
        self._waits: dict[str, asyncio.Task[Any]] = {}

    async def start(self) -> None:
        """Wait again for the jobs of an earlier run of this program."""
        for submit in await self.client.ledger.submits(state="accepted"):
            if submit.job_id is not None:
                self._wait(submit.key, self.client.job(submit.job_id))

    async def close(self) -> None:
        """Finish the submits, which cost money. The next run waits for their jobs."""
        await asyncio.gather(*self._submits, return_exceptions=True)
        for wait in self._waits.values():
            wait.cancel()
        await asyncio.gather(*self._waits.values(), return_exceptions=True)
        await self.client.aclose()

    async def submit(self, clip: Clip) -> str:
        """Submit a clip, also if the caller hangs up. Its id pays for one job at most."""
        task = asyncio.create_task(self._submit(clip))
        self._submits.add(task)
        task.add_done_callback(self._submits.discard)
        return await asyncio.shield(task)

    async def _submit(self, clip: Clip) -> str:
        audio, video = viseme.Media.url(str(clip.audio)), viseme.Media.url(str(clip.video))
        given = viseme.AudioToVideo(audio=audio, video=video)
        job = await self.client.submit(given, key=clip.id, webhook=self._webhook)
        self._wait(clip.id, job)
        return job.id

    def _wait(self, clip_id: str, job: viseme.AsyncJob) -> None:
        if clip_id not in self._waits:
            self._waits[clip_id] = asyncio.create_task(self._watch(clip_id, job))

    async def _watch(self, clip_id: str, job: viseme.AsyncJob) -> None:
        """Wait until a job ends. A webhook ends the wait at once; without one, polls do."""
        try:
            prediction = await job.wait()
            logger.info("clip %s is ready: %s", clip_id, prediction.output_url)
        except viseme.VisemeError as error:
            logger.warning("clip %s has no result: %s", clip_id, error)

    async def status(self, clip_id: str) -> dict[str, object] | None:
        """Return the state of a clip, or None if there is none with this id."""
        submits = [it for it in await self.client.ledger.submits() if it.key == clip_id]
        if not submits or (job_id := submits[-1].job_id) is None:
            return None
        prediction = await self.client.job(job_id).refresh()
        return {
            "id": clip_id,
            "job_id": job_id,
            "status": prediction.status,
            "output": prediction.output_url,
            "error": prediction.error,
        }


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start and end the work of the service. Uvicorn waits for requests in flight before."""
    app.state.clips = clips = Clips(
        os.environ.get("LEDGER", "ledger.db"), os.environ.get("PUBLIC_URL")
    )
    await clips.start()
    yield
    await clips.close()


app = FastAPI(lifespan=lifespan)


def clips_of(request: Request) -> Clips:
    """Return the clips of the service."""
    clips: Clips = request.app.state.clips
    return clips


@app.put("/media/{name}")
async def upload(name: str, request: Request) -> dict[str, str]:
    """Upload the body of the request, which is never in memory as a whole."""
    media = viseme.Media.bytes(request.stream(), name)
    return {"url": await clips_of(request).client.upload(media)}


@app.post("/clips", status_code=202)
async def submit(clip: Clip, request: Request) -> dict[str, str]:
    """Submit a clip. Sent again, the same clip is not paid for again."""
    return {"id": clip.id, "job_id": await clips_of(request).submit(clip)}


@app.get("/clips/{clip_id:path}")
async def status(clip_id: str, request: Request) -> Response:
    """Return the state of a clip."""
    found = await clips_of(request).status(clip_id)
    return JSONResponse(found or {"error": "There is no such clip."}, 200 if found else 404)


@app.post("/hook", status_code=204)
async def hook(request: Request) -> Response:
    """Receive a webhook. It ends the wait for its job."""
    try:
        # The signature is that of the raw body.
        await clips_of(request).client.receive_webhook(request.headers, await request.body())
    except viseme.WebhookError as error:
        return JSONResponse({"error": error.message}, 400)
    return Response(status_code=204)


@app.exception_handler(viseme.VisemeError)
async def on_error(_: Request, error: viseme.VisemeError) -> Response:
    """Answer an error: 4xx if the caller can correct it, or else 503. It may be sent again."""
    status = 400 if isinstance(error, (viseme.InputError, viseme.BadRequestError)) else 503
    if status == 503:
        logger.error("%s", error)
    return JSONResponse({"error": error.message, "code": error.code}, status)
