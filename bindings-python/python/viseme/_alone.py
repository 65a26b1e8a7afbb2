"""What works without a client of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._inputs import AnyInput, input_of
from ._operations import check_alone
from ._prediction import Prediction
from ._progress import OnProgress
from ._report import Report
from ._sync import carry_out

if TYPE_CHECKING:
    from viseme_mock import MockServer


def run(
    input: AnyInput | str,
    parameters: Mapping[str, Any] | None = None,
    *,
    timeout: float | None = None,
    poll_interval: float | None = None,
    enable_sync_mode: bool | None = None,
    on_progress: OnProgress | None = None,
    progress: bool = False,
    **options: Any,
) -> Prediction:
    """Run an input with a client of the environment, made on the first call.

    ``run("vendor/model", {...})`` takes the call shape of the official package too;
    ``poll_interval`` and ``enable_sync_mode`` are its words for an even pacing and for ``sync``.
    Further options are those of :meth:`Client.run`.
    """
    from ._client import Client
    from ._default import default_client

    client = default_client() if poll_interval is None else Client(pacing=poll_interval)
    if enable_sync_mode is not None:
        options.setdefault("sync", enable_sync_mode)
    return client.run(
        input,
        parameters,
        timeout=timeout,
        on_progress=on_progress,
        progress=progress,
        **options,
    )


def check(input: AnyInput | str, parameters: Mapping[str, Any] | None = None) -> Report:
    """Check an input against the rules of its model, without a client, a key or the network.

    Media behind a URL are not read; :meth:`Client.check` does that.
    """
    return carry_out(check_alone(input_of(input, parameters)))


def mock(**settings: Any) -> MockServer:
    """Give a mock of the service on this machine: ``pip install viseme-mock``.

    A context manager. While it is open, :func:`run` uses it, and
    ``Client(**server.settings)`` makes further clients.
    """
    try:
        from viseme_mock import MockServer
    except ImportError as cause:
        raise ImportError("viseme.mock() needs the mock: pip install viseme-mock") from cause
    from ._default import replace_default

    class _DefaultMock(MockServer):
        def start(self) -> MockServer:
            super().start()
            from ._client import Client

            self._before = replace_default(Client(**self.settings))
            return self

        def stop(self) -> None:
            if self.is_running:
                replace_default(self._before)
            super().stop()

    return _DefaultMock(**settings)
