"""The ledger of a client: the submits with a key. docs/ledger.md describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from ._core_client import Operation
from ._generated import LedgerState, Status
from ._generated_reports import SubmitRecord, decode_submit_record
from ._settings import TEXT, encode_optional, encode_value, words_kind

if TYPE_CHECKING:
    from . import _generated_types as types
    from ._async_executor import AsyncExecutor
    from ._sync_executor import SyncExecutor

_STATE = words_kind(get_args(LedgerState))


@dataclass(frozen=True)
class LedgerSubmit:
    """A submit in the ledger."""

    key: str
    """The key."""
    state: LedgerState
    """``sent`` (its outcome is unknown), ``accepted`` (it has a job), ``completed``, ``ended``
    (the job has no result), or ``refused`` (there is no job, and the key is free)."""
    record: SubmitRecord
    """What was submitted and when."""
    job_id: str | None
    """The id of the job, if the service accepted the submit."""
    status: Status | None
    """The last status of the job, if it ended."""
    reason: str | None
    """Why the submit was refused."""
    price: float | None
    """The price of the job in USD, if it was recorded."""


class Ledger:
    """The submits with a key. Get it with ``client.ledger``."""

    def __init__(self, executor: SyncExecutor) -> None:
        self._executor = executor

    def submits(self, *, state: LedgerState | None = None) -> list[LedgerSubmit]:
        """Return the submits, oldest first; with `state`, only those in that state.

        Those in the state ``sent`` have an unknown outcome.
        """
        return self._executor.execute(_submits(state))

    def give_up(self, key: str) -> None:
        """Give up the open submit of a key, so that the next call with the key submits again.

        Call it after a SubmissionUnknownError if you are sure that the service has no job of the
        submit, and while no process uses the key. If there is a job, you pay twice. Raises a
        LedgerError if the key has no open submit.
        """
        self._executor.execute(_give_up(key))

    def adopt(self, key: str, job_id: str) -> None:
        """Adopt a job as that of the open submit of a key.

        Call it after a SubmissionUnknownError if you found the job, for example among its
        ``candidates``. Raises a LedgerError if the key has no open submit, or if the job belongs
        to another key.
        """
        self._executor.execute(_adopt(key, job_id))

    def replace_api_key(self) -> None:
        """Make the ledger accept the API key of this client, which must be of the same account."""
        self._executor.execute(_replace_api_key())


class AsyncLedger:
    """The submits with a key. Get it with ``client.ledger``."""

    def __init__(self, executor: AsyncExecutor) -> None:
        self._executor = executor

    async def submits(self, *, state: LedgerState | None = None) -> list[LedgerSubmit]:
        """Return the submits, oldest first; with `state`, only those in that state.

        Those in the state ``sent`` have an unknown outcome.
        """
        return await self._executor.execute(_submits(state))

    async def give_up(self, key: str) -> None:
        """Give up the open submit of a key, so that the next call with the key submits again.

        Call it after a SubmissionUnknownError if you are sure that the service has no job of the
        submit, and while no process uses the key. If there is a job, you pay twice. Raises a
        LedgerError if the key has no open submit.
        """
        await self._executor.execute(_give_up(key))

    async def adopt(self, key: str, job_id: str) -> None:
        """Adopt a job as that of the open submit of a key.

        Call it after a SubmissionUnknownError if you found the job, for example among its
        ``candidates``. Raises a LedgerError if the key has no open submit, or if the job belongs
        to another key.
        """
        await self._executor.execute(_adopt(key, job_id))

    async def replace_api_key(self) -> None:
        """Make the ledger accept the API key of this client, which must be of the same account."""
        await self._executor.execute(_replace_api_key())


def _submits(state: LedgerState | None) -> Operation[list[LedgerSubmit]]:
    request = {"op": "ledgerSubmits", "state": encode_optional("state", state, _STATE)}
    return Operation(request, lambda value, _: list(map(_decode_submit, value)))


def _give_up(key: str) -> Operation[None]:
    request = {"op": "ledgerGiveUp", "key": encode_value("key", key, TEXT)}
    return Operation(request, lambda _, __: None)


def _adopt(key: str, job_id: str) -> Operation[None]:
    request: dict[str, Any] = {
        "op": "ledgerAdopt",
        "key": encode_value("key", key, TEXT),
        "jobId": encode_value("job_id", job_id, TEXT),
    }
    return Operation(request, lambda _, __: None)


def _replace_api_key() -> Operation[None]:
    return Operation({"op": "ledgerReplaceApiKey"}, lambda _, __: None)


def _decode_submit(data: types.LedgerSubmit) -> LedgerSubmit:
    return LedgerSubmit(
        key=data["key"],
        state=data["state"],
        record=decode_submit_record(data["record"]),
        job_id=data.get("jobId"),
        status=data.get("status"),
        reason=data.get("reason"),
        price=data.get("price"),
    )
