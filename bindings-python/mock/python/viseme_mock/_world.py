"""A world of the mock server, and its control API (``/_mock/v1``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

# The mock server is on this machine: no proxy of the environment applies.
_OPENER = build_opener(ProxyHandler({}))
_TIMEOUT = 30.0


@dataclass(frozen=True)
class World:
    """An API key with its own jobs, faults, journal and ledger."""

    url: str
    """The base URL of the mock server."""
    key: str
    """The API key."""
    id: str
    """The id of the world in the control API."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a client for this world. Polls are fast, as jobs take seconds."""
        return {
            "base_url": self.url,
            "api_key": self.key,
            "ignore_env": True,
            "allow_private_addresses": True,
            "pacing": 0.2,
        }

    def journal(self) -> list[dict[str, Any]]:
        """Return every exchange so far."""
        return list(self._request("GET", "/journal"))

    def ledger(self) -> dict[str, Any]:
        """Return the charges and refunds."""
        return dict(self._request("GET", "/ledger"))

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job."""
        return list(self._request("GET", "/jobs"))

    def script(self, scenario: dict[str, Any]) -> None:
        """Set how jobs go and what fails from now on; see the guide of scenarios."""
        self._request("PUT", "/scenario", scenario)

    def reset(self) -> None:
        """Delete all jobs, the journal and the ledger."""
        self._request("POST", "/reset")

    def remove(self) -> None:
        """Remove the world."""
        self._request("DELETE", "")

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the control API.

        Raises:
            ValueError: The server refuses it, for example a scenario with an unknown word.
        """
        data = None if body is None else json.dumps(body).encode()
        control_request = Request(
            f"{self.url}/_mock/v1{path}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with _OPENER.open(control_request, timeout=_TIMEOUT) as response:
                text = response.read()
        except HTTPError as error:
            raise ValueError(f"The mock server refuses this: {_reason(error)}") from None
        return json.loads(text) if text else None

    def _request(self, method: str, path: str, body: object = None) -> Any:
        return self.request(method, f"/worlds/{self.id}{path}", body)


def _reason(error: HTTPError) -> str:
    body = error.read().decode(errors="replace")
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body or str(error)
