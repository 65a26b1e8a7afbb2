"""The backend of a mobile app: it holds the API key, and passes on what each user may do.

docs/mobile.md says what an app sends. Try it offline, in this folder:

    TOKEN_SECRET=$(openssl rand -hex 32) viseme-mock exec -- python backend.py
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import uvicorn
from accounts import InvalidTokenError, verify_token
from fastapi.responses import JSONResponse
from jobs import Jobs, LimitError, OwnJob
from settings import Settings, count
from submits import RefusedError, Submits

from fastapi import Depends, FastAPI, Request, Response

logger = logging.getLogger("backend")

# What an app may see of the service's responses.
PASSED_ON = ("content-type", "retry-after", "x-request-id")


class Reads:
    """Passes reads on to the service. They may be repeated, so the app may see their failures."""

    def __init__(self, settings: Settings) -> None:
        self._http = httpx.AsyncClient(
            base_url=settings.base_url,
            headers={"Authorization": f"Bearer {settings.api_key}"},
            timeout=httpx.Timeout(30, connect=10),
        )

    async def send(self, method: str, path: str, body: bytes | None = None) -> Response:
        """Return the service's response, unchanged."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = await self._http.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            logger.warning("%s %s: %s", method, path, error or type(error).__name__)
            return answer(502, "The service cannot be reached. Try again later.", retry_after=1)
        kept = {name: it for name in PASSED_ON if (it := response.headers.get(name)) is not None}
        return Response(response.content, response.status_code, headers=kept)

    async def poll(self, job: OwnJob) -> Response:
        """Return the state of a job, and remember it."""
        response = await self.send("GET", f"/api/v3/predictions/{job.id}/result")
        if response.status_code == 200:
            try:
                data = json.loads(bytes(response.body))["data"]
                job.prediction = data if data["id"] == job.id else job.prediction
            except (ValueError, KeyError, TypeError):
                pass  # The client of the app reads it again.
        return response

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def answer(status: int, message: str, retry_after: float | None = None) -> JSONResponse:
    """Return an error in the form of the service."""
    headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}
    return JSONResponse({"code": status, "message": message}, status, headers)


def success(data: object) -> JSONResponse:
    """Return a success in the form of the service."""
    return JSONResponse({"code": 200, "message": "success", "data": data})


def current_user(request: Request) -> str:
    """Return the user to whom the token of a request belongs."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidTokenError("You are not signed in.")
    user: str = request.app.state.verify(token.strip())
    return user


User = Annotated[str, Depends(current_user)]


def create_app(settings: Settings, verify: Callable[[str, str], str] = verify_token) -> FastAPI:
    """Create the backend. `verify` returns the id of the user to whom a token belongs."""
    jobs = Jobs(settings.jobs_per_day, settings.jobs_at_once, settings.uploads_per_day)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.reads = reads = Reads(settings)
        app.state.submits = submits = Submits(settings, jobs)
        await submits.resume()
        yield
        await submits.close()
        await reads.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.verify = lambda token: verify(token, settings.token_secret)

    @app.get("/api/v3/predictions/{job_id}/result")
    async def poll(job_id: str, user: User, request: Request) -> Response:
        job = jobs.find(user, job_id)
        if job is None:
            return answer(404, "You have no such job.")
        reads: Reads = request.app.state.reads
        return await reads.poll(job)

    @app.post("/api/v3/predictions")
    async def history(user: User, request: Request) -> Response:
        wanted = await body_of(request)
        try:
            page, size = int(wanted.get("page", 1)), int(wanted.get("page_size", 20))
            found = jobs.search(user, wanted)
        except (TypeError, ValueError):
            return answer(400, "The filters are invalid.")
        if page < 1 or not 1 <= size <= 100:
            return answer(400, "`page` must be 1 or more, and `page_size` 1 to 100.")
        shown = found[(page - 1) * size :][:size]
        reads: Reads = request.app.state.reads
        # Jobs that nobody has polled for a while. The limit of a user keeps them few.
        await asyncio.gather(*(reads.poll(job) for job in shown if job.may_run))
        with_inputs = wanted.get("include_inputs") is True
        return success({"page": page, "items": [job.shown(with_inputs) for job in shown]})

    @app.post("/api/v3/media/uploads")
    async def presign(user: User, request: Request) -> Response:
        wanted = await body_of(request)
        size, kind = wanted.get("size"), str(wanted.get("content_type", ""))
        limit = settings.max_audio_bytes if kind.startswith("audio/") else settings.max_video_bytes
        if not isinstance(size, int) or size < 0:
            return answer(400, "`size` must be the size of the file in bytes.")
        if size > limit:
            return answer(413, f"The file has {size:,} bytes; at most {limit:,} are allowed.")
        jobs.count_upload(user)
        reads: Reads = request.app.state.reads
        return await reads.send("POST", "/api/v3/media/uploads", json.dumps(wanted).encode())

    @app.post("/api/v3/{model:path}")
    async def submit(model: str, user: User, request: Request) -> Response:
        given = await body_of(request)
        reads: Reads = request.app.state.reads
        # Their ends make room for this job, whether or not the app has seen them.
        running = jobs.running(user)
        if len(running) >= settings.jobs_at_once:
            await asyncio.gather(*(reads.poll(job) for job in running))
        submits: Submits = request.app.state.submits
        return success((await submits.submit(user, model, given)).shown())

    async def on_error(request: Request, error: Exception) -> Response:
        match error:
            case InvalidTokenError():
                return answer(401, str(error))
            case LimitError() | RefusedError():
                return answer(error.status, str(error), error.retry_after)
            case _:
                logger.error("an error of the backend", exc_info=error)
                return unexpected_answer(request)

    for kind in (InvalidTokenError, LimitError, RefusedError, Exception):
        app.add_exception_handler(kind, on_error)
    return app


def unexpected_answer(request: Request) -> Response:
    """Return the answer for a bug of this program outside of a submit that was sent."""
    if request.url.path.startswith(("/api/v3/predictions", "/api/v3/media/")):
        return answer(500, "Something went wrong. Try again later.")
    # A 500 would make the client of the app search for a job that cannot exist.
    return answer(424, "Something went wrong. You were not charged.")


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > 1024 * 1024:
            raise RefusedError(413, "The request is too large.")
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "The body must be a JSON object.")
    return body


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    # It ends when the requests and submits in flight have ended.
    # For a phone, LISTEN_ADDRESS is 0.0.0.0; a server is behind a proxy that has https.
    host = os.environ.get("LISTEN_ADDRESS", "127.0.0.1")
    uvicorn.run(create_app(Settings()), host=host, port=count("PORT", 8000))
