"""One key's world in the mock, by its control API (``/_mock/v1``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

# The mock is on this machine, whatever proxies the environment names.
_OPENER = build_opener(ProxyHandler({}))
_TIMEOUT = 30.0


@dataclass(frozen=True)
class World:
    """A key with jobs, faults, journal and ledger of its own."""

    url: str
    """The base URL of the mock."""
    key: str
    """The API key."""
    id: str
    """The name of the world in the control API."""

    @property
    def settings(self) -> dict[str, Any]:
        """What a client of Viseme has to be told; its jobs take seconds, so polls come quickly."""
        return {
            "base_url": self.url,
            "api_key": self.key,
            "ignore_env": True,
            "allow_private_addresses": True,
            "pacing": 0.2,
        }

    def journal(self) -> list[dict[str, Any]]:
        """Every exchange so far."""
        return list(self._of("GET", "/journal"))

    def ledger(self) -> dict[str, Any]:
        """What was charged and delivered."""
        return dict(self._of("GET", "/ledger"))

    def jobs(self) -> list[dict[str, Any]]:
        """Every job."""
        return list(self._of("GET", "/jobs"))

    def script(self, scenario: dict[str, Any]) -> None:
        """Say how jobs go and what fails from now on; see the guide of scenarios."""
        self._of("PUT", "/scenario", scenario)

    def reset(self) -> None:
        """Forget jobs, journal and ledger."""
        self._of("POST", "/reset")

    def remove(self) -> None:
        """Remove the world."""
        self._of("DELETE", "")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the control API."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            f"{self.url}/_mock/v1{path}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with _OPENER.open(request, timeout=_TIMEOUT) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _of(self, method: str, path: str, body: object = None) -> Any:
        return self.ask(method, f"/worlds/{self.id}{path}", body)
