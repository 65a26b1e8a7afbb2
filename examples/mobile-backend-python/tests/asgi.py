"""Sends requests to an application in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from accounts import issue_token
from app import SECRET

from fastapi import FastAPI

Send = Callable[[str, str, str, object], Awaitable[httpx.Response]]


@asynccontextmanager
async def serve(app: FastAPI) -> AsyncIterator[Send]:
    """Start an application, and return what sends a request of a user to it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://backend") as client,
    ):

        async def send(user: str, method: str, path: str, body: object) -> httpx.Response:
            headers = {"Authorization": f"Bearer {issue_token(user, SECRET)}"}
            return await client.request(method, f"/api/v3/{path}", json=body, headers=headers)

        yield send
