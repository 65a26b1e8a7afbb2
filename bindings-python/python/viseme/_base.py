"""What both clients have in common: how they are set up, and what they are as objects."""

from __future__ import annotations

import json
import os
from typing import Any

from . import _native
from ._reach import Reach, error_of, refusal_of
from ._settings import (
    Backoff,
    Pacing,
    SubmitLimits,
    Tier,
    environment,
    limits_form,
    millis,
    pacing_form,
    without_none,
)


class BaseClient:
    """How a client is set up."""

    _reach: Reach

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        anonymous: bool = False,
        ignore_env: bool = False,
        allow_http: bool | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        request_timeout: float | None = None,
        stall_timeout: float | None = None,
        pacing: Pacing | float | None = None,
        max_polls_per_second: float | None = None,
        max_connections: int | None = None,
        max_poll_failures: int | None = None,
        max_submit_attempts: int | None = None,
        backoff: Backoff | None = None,
        max_retry_after: float | None = None,
        recovery_window: float | None = None,
        submit_limits: SubmitLimits | Tier | None = None,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        check_remote_media: bool | None = None,
        remote_check_timeout: float | None = None,
        allow_private_addresses: bool | None = None,
        client_name: str | None = None,
        user_agent: str | None = None,
        **testing: Any,
    ) -> None:
        """Set a client up. Times are in seconds.

        What is left out comes from the environment, then from the defaults.

        Args:
            api_key: The API key. Default: the variable ``WAVESPEED_API_KEY``.
            base_url: Where the API lives. Default: ``WAVESPEED_BASE_URL``, then
                ``https://api.wavespeed.ai``.
            anonymous: Do without a key: such a client can check media and download outputs.
            ignore_env: Read no environment variable.
            allow_http: Allow plain ``http`` to other machines: the key can be read on the way.
            timeout: How long a wait for a job lasts. Default one hour, or ``WAVESPEED_TIMEOUT``;
                ``math.inf`` for no limit. After it the job goes on, and can be waited for again.
            connect_timeout: How long setting up a connection may take. Default 10.
            request_timeout: How long one request may take. Default 60.
            stall_timeout: How long an upload or a download may stand still. Default 60.
            pacing: When to poll; a number is an even interval. Default: as fits the model.
            max_polls_per_second: How many polls all jobs may make together. Default 100.
            max_connections: How many requests may be under way at once. Default 100.
            max_poll_failures: How many polls of a job may fail in a row. Default 12.
            max_submit_attempts: How often a submit is sent that provably was not taken. Default 5.
            backoff: The pauses after failures. Default 1 s, doubling up to 30 s.
            max_retry_after: The longest ``Retry-After`` that is obeyed. Default 300.
            recovery_window: How long a submit whose answer was lost is looked for. Default 120;
                0 turns it off.
            submit_limits: Keep to what the account's tier allows: submits wait for their turn.
            proxy: The proxy for all requests (``http://``, ``https://`` or ``socks5://``).
            ca_bundle: A PEM file with the certificates to trust, in place of the system's.
            check_remote_media: Whether media behind a URL are read before a run. Default True.
            remote_check_timeout: How long reading one such medium may take. Default 15.
            allow_private_addresses: Let media be read whose URL leads to a private address.
            client_name: What the client calls itself in ``X-Client-Name``. Default ``viseme``.
            user_agent: What stands before ``viseme/VERSION`` in ``User-Agent``.
            **testing: Taken by builds for the conformance suite alone.
        """
        unknown = set(testing) - ({"lockstep"} if _native.is_testing_build() else set())
        if unknown:
            raise TypeError(f"a client has no setting {', '.join(sorted(unknown))}")
        settings = {
            "env": environment(ignore_env),
            "apiKey": api_key,
            "baseUrl": base_url,
            "anonymous": anonymous,
            "allowHttp": allow_http,
            "timeoutMs": millis(timeout),
            "connectTimeoutMs": millis(connect_timeout),
            "requestTimeoutMs": millis(request_timeout),
            "stallTimeoutMs": millis(stall_timeout),
            "pacing": pacing_form(pacing),
            "maxPollsPerSecond": max_polls_per_second,
            "maxConnections": max_connections,
            "maxPollFailures": max_poll_failures,
            "maxSubmitAttempts": max_submit_attempts,
            "backoff": backoff and {"baseMs": millis(backoff.base), "maxMs": millis(backoff.max)},
            "maxRetryAfterMs": millis(max_retry_after),
            "recoveryWindowMs": millis(recovery_window),
            "submitLimits": limits_form(submit_limits),
            "proxy": proxy,
            "caBundle": None if ca_bundle is None else os.fspath(ca_bundle),
            "checkRemoteMedia": check_remote_media,
            "remoteCheckTimeoutMs": millis(remote_check_timeout),
            "allowPrivateAddresses": allow_private_addresses,
            "clientName": client_name,
            "userAgent": user_agent,
            **testing,
        }
        self._reach = Reach(without_none(settings))

    def deliver(self, body: bytes | str) -> bool:
        """End the waits for a job by a delivery's body that was verified elsewhere.

        Tells whether there were any. The body is believed.
        """
        content = body.encode() if isinstance(body, str) else bytes(body)
        self._reach.refuse_closed()
        try:
            message = json.loads(self._reach.native.deliver(content))
        except _native.Refusal as refusal:
            raise refusal_of(refusal) from None
        if "error" in message:
            raise error_of(message["error"], self._reach)
        return bool(message["value"])

    def __repr__(self) -> str:
        """Show no key."""
        return f"<{type(self).__name__}{' (closed)' if self._reach.closed else ''}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be pickled; make one in each process")
