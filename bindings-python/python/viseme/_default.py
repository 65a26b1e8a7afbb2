"""The clients that nobody made: that of the environment, and one without a key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._reach import Reach
from ._settings import environment

if TYPE_CHECKING:
    from ._client import Client

# By process: a forked child has to make its own.
_clients: dict[int, Client] = {}
_anonymous: dict[int, Reach] = {}


def default_client() -> Client:
    """Give the client of the environment; it is made on first use."""
    from ._client import Client

    pid = os.getpid()
    if pid not in _clients:
        # Two threads may make one each; the first that is put in is used by both.
        _clients.setdefault(pid, Client())
    return _clients[pid]


def replace_default(client: Client | None) -> Client | None:
    """Put another client in its place; gives the one that was there."""
    before = _clients.pop(os.getpid(), None)
    if client is not None:
        _clients[os.getpid()] = client
    return before


def anonymous_reach() -> Reach:
    """Give what outputs that came from no client are downloaded with."""
    pid = os.getpid()
    if pid not in _anonymous:
        settings = {"env": environment(ignore=False), "anonymous": True}
        _anonymous.setdefault(pid, Reach(settings))
    return _anonymous[pid]
