"""The receiver of the guide accepts the delivery, and no forgery of it."""

# The page defines the other names.
# ruff: noqa: F821
import asyncio
from typing import Any


async def answer(content: bytes) -> int:
    """Return the status of the response to a delivery."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content}

    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return (await hook(Request({"type": "http", "headers": pairs}, receive))).status_code


assert asyncio.run(answer(body)) == 204
assert asyncio.run(answer(body + b" ")) == 400
