"""Converts results of the client to values of the protocol."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import viseme

# Classes that every exception has.
COMMON = {"Exception", "BaseException", "object", "Error"}
ATTRIBUTES = ["job_id", "attempts", "app_code", "status", "request_id", "retry_after", "body"]


def time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat().replace("+00:00", "Z")


def prediction(it: Any) -> Any:
    if it is None:
        return None
    return {
        "id": it.id,
        "model": it.model,
        "status": it.status,
        "outputs": it["outputs"],
        "output_url": it.output_url,
        "error": it.error,
        "code": it.code,
        "execution_time": it.execution_time,
        "created_at": time(it.created_at),
        "recovered": it.recovered,
        "request_id": it.request_id,
    }


def job(it: Any) -> Any:
    prediction = it.prediction
    return {
        "job_id": it.id,
        "status": None if prediction is None else prediction.status,
        "recovered": None if prediction is None else prediction.recovered,
    }


def report(it: viseme.Report) -> Any:
    media = {
        field: {
            "container": info.container,
            "seconds": info.duration,
            "width": info.width,
            "height": info.height,
            "bytes": info.bytes,
        }
        for field, info in it.media.items()
    }
    return {"ok": it.ok, "violations": violations(it.violations), "media": media}


def violations(all_of_them: Any) -> Any:
    return [dataclasses.asdict(violation) for violation in all_of_them]


def price(it: viseme.Price) -> Any:
    return {
        "model": it.model,
        "amount": it.amount,
        "discounted": it.discounted,
        "currency": it.currency,
        "left_out": list(it.left_out),
    }


def model(it: viseme.Model) -> Any:
    return {"id": it.id, "name": it.name, "base_price": it.base_price}


def delivery(it: viseme.Delivery) -> Any:
    return {"id": it.id, "sent_at": time(it.sent_at), "prediction": prediction(it.prediction)}


def downloaded_file(it: viseme.DownloadedFile) -> Any:
    return {"path": str(it.path), "bytes": it.bytes}


def result(it: Any) -> Any:
    if it.error is not None:
        return {"index": it.index, "error": error(it.error)}
    return {"index": it.index, "prediction": prediction(it.prediction)}


def classes(it: BaseException) -> list[str]:
    """Return the class and its bases up to the root of the client, then those of Python."""
    order = [kind for kind in type(it).__mro__ if kind.__name__ not in COMMON]
    own = [kind.__name__ for kind in order if issubclass(kind, viseme.VisemeError)]
    also = [kind.__name__ for kind in order if kind in (ValueError, TimeoutError)]
    return own + also


def text(it: BaseException) -> str:
    shown: list[str] = []
    at: BaseException | None = it
    while at is not None:
        shown += [str(at), repr(at), repr(vars(at))]
        at = at.__cause__
    return "\n".join(shown)


def error(it: viseme.VisemeError) -> Any:
    attributes: dict[str, Any] = {name: getattr(it, name) for name in ATTRIBUTES}
    attributes["prediction"] = prediction(it.prediction)
    if isinstance(it, viseme.InputError):
        attributes["violations"] = violations(it.violations)
    if isinstance(it, viseme.SubmissionUnknownError):
        attributes["record"] = None if it.record is None else vars(it.record)
        attributes["candidates"] = [prediction(one) for one in it.candidates]
    return {
        "code": it.code,
        "classes": classes(it),
        "message": it.message,
        "text": text(it),
        "attributes": attributes,
    }


def event(it: Any) -> Any:
    fields = {field.name: getattr(it, field.name) for field in dataclasses.fields(it)}
    converters: dict[str, Any] = {
        "report": report,
        "record": vars,
        "prediction": prediction,
        "error": error,
    }
    converted = {
        name: converters[name](value) if name in converters else value
        for name, value in fields.items()
    }
    return {"event": it.event, **converted}
