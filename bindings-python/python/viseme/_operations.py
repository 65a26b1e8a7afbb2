"""Every operation, once: its request, and how its result is decoded. Both clients use them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _native
from ._core_client import CoreClient, Operation
from ._errors import make_error
from ._inputs import Input, MediaSource, check_json, encode_input, encode_media
from ._models import BasePrediction, DownloadedFile, decode_downloaded_file
from ._payload import MediaPayload
from ._progress import ByteCallbacks, RunCallbacks
from ._settings import (
    BILLING_KINDS,
    BOOL,
    DURATION,
    HEADERS,
    HISTORY_KINDS,
    MOMENT,
    PATH,
    SIZE,
    TEXT,
    TEXTS,
    encode_optional,
    encode_value,
    encode_values,
    show,
)

if TYPE_CHECKING:
    from ._generated_account import Billing, Model, Price, Usage
    from ._generated_reports import Report, SubmitRecord

T = TypeVar("T")
P = TypeVar("P", bound=BasePrediction)

_RECORD_FIELDS = ("model", "input", "sent_at")


def run(
    core: CoreClient[P], given: Input, options: Mapping[str, Any], callbacks: RunCallbacks
) -> Operation[P]:
    """Check, upload, submit and wait."""
    return with_input("run", given, _prediction_decoder(core), callbacks, options=options)


def submit(
    given: Input,
    options: Mapping[str, Any],
    callbacks: RunCallbacks,
    decode_job: Callable[[Any, _native.Task], T],
) -> Operation[T]:
    """Check, upload and submit."""
    return with_input("submit", given, decode_job, callbacks, options=options)


def check(given: Input) -> Operation[Report]:
    """Check an input against the rules of its model."""
    from ._generated_reports import decode_report

    return with_input("check", given, lambda value, _: decode_report(value))


def start_check(operation: Operation[Report]) -> _native.Task:
    """Start a check without a client."""
    operation.read_media()
    request = json.dumps(operation.request["input"])
    return _native.check_input(request, list(operation.contents))


def validate(given: Input) -> Operation[Report]:
    """Check an input against the schema in the live catalogue as well."""
    from ._generated_reports import decode_report

    return with_input("validate", given, lambda value, _: decode_report(value))


def price(given: Input, upload: bool) -> Operation[Price]:
    """Return the price of a run."""
    from ._generated_account import decode_price

    encode_value("upload", upload, BOOL)
    return with_input("price", given, lambda value, _: decode_price(value), upload=upload)


def upload(media: MediaSource, callbacks: ByteCallbacks) -> Operation[str]:
    """Upload a media file."""
    payload = MediaPayload()
    medium = encode_media("media", media, payload)
    return Operation(
        {"op": "upload", "medium": medium, "progress": callbacks.are_needed},
        lambda value, _: str(value),
        payload=payload,
        callbacks=callbacks,
    )


def download(request: Mapping[str, Any], callbacks: ByteCallbacks) -> Operation[DownloadedFile]:
    """Download an output to a file."""
    target = {
        "to": encode_value("to", request["to"], PATH),
        "maxBytes": encode_optional("max_bytes", request["maxBytes"], SIZE),
    }
    return Operation(
        {"op": "download", **request, **target, "progress": callbacks.are_needed},
        lambda value, _: decode_downloaded_file(value),
        callbacks=callbacks,
    )


def download_outputs(
    request: Mapping[str, Any], callbacks: ByteCallbacks
) -> Operation[list[DownloadedFile]]:
    """Download all outputs of a job."""
    target = {
        "to": encode_value("to", request["to"], PATH),
        "maxBytes": encode_optional("max_bytes", request["maxBytes"], SIZE),
    }
    return Operation(
        {"op": "downloadOutputs", **request, **target, "progress": callbacks.are_needed},
        lambda value, _: list(map(decode_downloaded_file, value)),
        callbacks=callbacks,
    )


def url_download_request(
    url: str, to: str | os.PathLike[str], max_bytes: int | None
) -> dict[str, Any]:
    """Return the request to download a URL."""
    encode_value("url", url, TEXT)
    encode_value("to", to, PATH)
    return {"output": {"url": url}, "to": to, "maxBytes": max_bytes}


def wait(
    core: CoreClient[P],
    job: _native.NativeJob,
    timeout: float | None,
    headers: Mapping[str, str] | None,
    callbacks: RunCallbacks,
) -> Operation[P]:
    """Wait until a job has ended."""
    request = {"op": "wait", **_wait_options(timeout, headers), "progress": callbacks.are_needed}
    return Operation(request, _prediction_decoder(core), callbacks=callbacks, job=job)


def updates(
    core: CoreClient[P],
    job: _native.NativeJob,
    timeout: float | None,
    headers: Mapping[str, str] | None,
) -> Operation[P]:
    """List the states of a job as they change."""
    request = {"op": "updates", **_wait_options(timeout, headers)}
    return Operation(request, _prediction_decoder(core), job=job)


def refresh(
    core: CoreClient[P], job: _native.NativeJob, headers: Mapping[str, str] | None
) -> Operation[P]:
    """Read the state of a job once."""
    request = {"op": "refresh", **_headers(headers)}
    return Operation(request, _prediction_decoder(core), job=job)


def _wait_options(timeout: float | None, headers: Mapping[str, str] | None) -> dict[str, Any]:
    return {"timeoutMs": encode_optional("timeout", timeout, DURATION), **_headers(headers)}


def _headers(headers: Mapping[str, str] | None) -> dict[str, Any]:
    return {} if headers is None else {"headers": encode_value("headers", headers, HEADERS)}


def recover(
    record: SubmitRecord | Mapping[str, Any],
    exclude: Iterable[str],
    sent_within: float | None,
    match_by_time: bool,
    decode_job: Callable[[Any, _native.Task], T],
) -> Operation[T]:
    """Search the history for the job of a lost submit."""
    from ._generated_reports import SubmitRecord

    given: Mapping[str, Any] = vars(record) if isinstance(record, SubmitRecord) else record
    if not isinstance(cast("object", given), Mapping):
        message = f"`record` must be a SubmitRecord or a dict of its fields, got {show(record)}."
        raise make_error("invalid_input", message)
    missing = [f"`{name}`" for name in _RECORD_FIELDS if name not in given]
    if missing:
        message = (
            f"`record` must have the fields `model`, `input` and `sent_at`; it lacks "
            f"{' and '.join(missing)}, got {show(record)}."
        )
        raise make_error("invalid_input", message)
    for name in ("model", "sent_at"):
        encode_value(f"record.{name}", given[name], TEXT)
    check_json("record.input", given["input"])
    data = {"model": given["model"], "input": given["input"], "sentAt": given["sent_at"]}
    request = {
        "op": "recover",
        "record": data,
        "exclude": encode_value("exclude", exclude, TEXTS),
        "sentWithinMs": encode_optional("sent_within", sent_within, DURATION),
        "matchByTime": encode_value("match_by_time", match_by_time, BOOL),
    }
    return Operation(request, decode_job)


def history(core: CoreClient[P], **filters: object) -> Operation[P]:
    """List past jobs."""
    request = {"op": "history", "filter": encode_values(filters, HISTORY_KINDS)}
    return Operation(request, _prediction_decoder(core))


def billings(
    kind: str | None, job_ids: Iterable[str] | None, start: datetime | None, end: datetime | None
) -> Operation[Billing]:
    """List billing records."""
    from ._generated_account import decode_billing

    moments = {"from": encode_optional("start", start, MOMENT)}
    moments["to"] = encode_optional("end", end, MOMENT)
    filters = encode_values({"kind": kind, "job_ids": job_ids}, BILLING_KINDS)
    request = {"op": "billings", "filter": {**filters, **moments}}
    return Operation(request, lambda value, _: decode_billing(value))


def billings_of_month(month: str) -> Operation[Billing]:
    """List the billing records of a month."""
    from ._generated_account import decode_billing

    request = {"op": "billingsOfMonth", "month": encode_value("month", month, TEXT)}
    return Operation(request, lambda value, _: decode_billing(value))


def models() -> Operation[list[Model]]:
    """List every model."""
    from ._generated_account import decode_model

    return Operation({"op": "models"}, lambda value, _: list(map(decode_model, value)))


def model(model_id: str) -> Operation[Model]:
    """Look up one model."""
    from ._generated_account import decode_model

    request = {"op": "model", "id": encode_value("model_id", model_id, TEXT)}
    return Operation(request, lambda value, _: decode_model(value))


def balance() -> Operation[float]:
    """Read the balance."""
    return Operation({"op": "balance"}, lambda value, _: float(value))


def usage(start: datetime, end: datetime, model_id: str | None) -> Operation[Usage]:
    """Read the usage of a period."""
    from ._generated_account import decode_usage

    request = {
        "op": "usage",
        "from": encode_value("start", start, MOMENT),
        "to": encode_value("end", end, MOMENT),
        "model": encode_optional("model", model_id, TEXT),
    }
    return Operation(request, lambda value, _: decode_usage(value))


def delete(ids: Iterable[str]) -> Operation[int]:
    """Delete past jobs."""
    request = {"op": "delete", "ids": encode_value("ids", ids, TEXTS)}
    return Operation(request, lambda value, _: int(value))


def receive_webhook(headers: Any, body: Any, decode: Callable[[Any], T]) -> Operation[T]:
    """Verify a delivery with the account's secret, and decode it."""
    from ._webhooks import encode_body, encode_headers

    return Operation(
        {"op": "receiveWebhook", "headers": encode_headers(headers)},
        lambda value, _: decode(value),
        contents=[encode_body(body)],
    )


def with_input(
    op: str,
    given: Input,
    decode: Callable[[Any, _native.Task], T],
    callbacks: RunCallbacks | None = None,
    **more: object,
) -> Operation[T]:
    """Return an operation on an input."""
    payload = MediaPayload()
    encoded = encode_input(given, payload)
    if callbacks is not None:
        more["progress"] = callbacks.are_needed
    return Operation(
        {"op": op, "input": encoded, **more}, decode, payload=payload, callbacks=callbacks
    )


def _prediction_decoder(core: CoreClient[P]) -> Callable[[Any, _native.Task], P]:
    return lambda value, _: core.decode_prediction(value)
