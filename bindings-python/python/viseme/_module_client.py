"""Functions that need no client, and the default clients behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _operations as operations
from ._client import Client
from ._errors import VisemeError, decode_error
from ._inputs import AnyInput, normalize_input
from ._models import (
    AsyncDownloader,
    Prediction,
    decode_prediction,
    set_fallback_downloaders,
)
from ._settings import RUN_KINDS, RunOptions, encode_options, encode_settings
from ._signatures import keywords
from ._sync_executor import SyncExecutor, execute_task

if TYPE_CHECKING:
    from typing_extensions import Unpack
    from viseme_mock import MockServer

    from . import _generated_types as types
    from ._events import OnProgress
    from ._generated_reports import Report

# By process: a forked child creates its own.
_default_clients: dict[int, Client] = {}
_anonymous_executors: dict[int, SyncExecutor] = {}


@keywords(RunOptions)
def run(
    input: AnyInput | str,
    parameters: Mapping[str, Any] | None = None,
    *,
    poll_interval: float | None = None,
    enable_sync_mode: bool | None = None,
    on_progress: OnProgress | None = None,
    on_update: Callable[[Prediction], object] | None = None,
    progress: bool = False,
    **options: Unpack[RunOptions],
) -> Prediction:
    """Run an input with the default client, which is created on first use.

    Calls that were written for the official package work as they are: ``poll_interval`` is a fixed
    ``pacing``, ``enable_sync_mode`` is ``sync``. The other arguments are those of
    ``Client.run``.
    """
    encode_options(run, options, RUN_KINDS)
    client = _default_client() if poll_interval is None else Client(pacing=poll_interval)
    if enable_sync_mode is not None:
        options.setdefault("sync", enable_sync_mode)
    return client.run(
        input,
        parameters,
        on_progress=on_progress,
        on_update=on_update,
        progress=progress,
        **options,
    )


def check(input: AnyInput | str, parameters: Mapping[str, Any] | None = None) -> Report:
    """Check an input against the rules of its model, without a client, API key or network.

    Media behind a URL are not read; ``Client.check`` reads them.
    """
    operation = operations.check(normalize_input(input, parameters))
    try:
        task = operations.start_check(operation)
        try:
            return execute_task(task, operation, _decode_error)
        finally:
            task.cancel()
    finally:
        operation.close()


def mock(
    *,
    scenario: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    port: int = 0,
    program: str | os.PathLike[str] | None = None,
) -> MockServer:
    """Return a mock server of the service on this machine.

    It needs the package viseme-mock: in a clone of the repository of Viseme, run
    ``pip install ./bindings-python/mock``.

    Use it with ``with``. Inside the block, ``run`` talks to it, and
    ``Client(**server.settings)`` creates further clients.

    Args:
        scenario: How jobs go and what fails: a file in YAML or JSON, or a dict.
        port: The port to listen on; 0 picks a free one.
        program: Another build of the program ``viseme-mock``.
    """
    try:
        from viseme_mock import MockServer
    except ImportError as cause:
        message = (
            "viseme.mock() needs the package viseme-mock of the same repository. In a clone of it: "
            "pip install ./bindings-python/mock"
        )
        raise ImportError(message) from cause

    class _DefaultMock(MockServer):
        def start(self) -> MockServer:
            super().start()
            self._before = _replace_default_client(Client(**self.settings))
            return self

        def stop(self) -> None:
            if self.is_running:
                _replace_default_client(self._before)
            super().stop()

    return _DefaultMock(scenario=scenario, port=port, program=program)


def _default_client() -> Client:
    pid = os.getpid()
    if pid not in _default_clients:
        # Two threads may create one each; both use the first that is stored.
        _default_clients.setdefault(pid, Client())
    return _default_clients[pid]


def _replace_default_client(client: Client | None) -> Client | None:
    before = _default_clients.pop(os.getpid(), None)
    if client is not None:
        _default_clients[os.getpid()] = client
    return before


def _anonymous_executor() -> SyncExecutor:
    pid = os.getpid()
    if pid not in _anonymous_executors:
        executor = SyncExecutor(encode_settings(Client, {"anonymous": True}))
        _anonymous_executors.setdefault(pid, executor)
    return _anonymous_executors[pid]


def _anonymous_async_executor() -> AsyncDownloader:
    from ._async_executor import AsyncExecutor

    # Executors are cheap to create, and few programs need this one.
    return AsyncExecutor(encode_settings(Client, {"anonymous": True}))


def _decode_error(data: types.ErrorData) -> VisemeError:
    return decode_error(data, lambda prediction: decode_prediction(prediction, None))


set_fallback_downloaders(_anonymous_executor, _anonymous_async_executor)
