"""Every operation, once: what is asked and what is made of the answer. Both clients use them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from . import _native
from ._inputs import Input, pack_input
from ._media import MediaSource, pack
from ._prediction import OnBytes
from ._progress import PredictionOf, Progress, inform, progress_of
from ._reach import Call, Reach
from ._records import Delivery, DownloadedFile, SubmitRecord
from ._report import Report, report_of
from ._settings import moment, without_none

if TYPE_CHECKING:
    from ._account import Billing, Model, Price, Usage

T = TypeVar("T")


# What few programs use is imported where it is used: the import of the package stays quick.


def billing_of(data: Any) -> Billing:
    """Make a record of the bill of what came over the border."""
    from ._account import billing_of

    return billing_of(data)


def _model_of(data: Any) -> Model:
    from ._account import model_of

    return model_of(data)


def _price_of(data: Any, _: object) -> Price:
    from ._account import price_of

    return price_of(data)


def _usage_of(data: Any) -> Usage:
    from ._account import usage_of

    return usage_of(data)


class Listeners:
    """Who is told what goes on in a run."""

    def __init__(
        self,
        reach: Reach,
        prediction_of: PredictionOf,
        on_progress: Callable[..., object] | None,
        on_update: Any,
        bar: Any,
    ) -> None:
        self._reach = reach
        self._prediction_of = prediction_of
        self._on_progress = on_progress
        self._on_update = on_update
        self._bar = bar
        self.wanted = not (on_progress is None and on_update is None and bar is None)

    def hear(self, data: dict[str, Any]) -> list[object]:
        """Tell the listeners; gives what they returned."""
        news = progress_of(data, self._reach, self._prediction_of)
        if news is None:
            return []
        return self.tell(news)

    def tell(self, news: Progress, *index: int) -> list[object]:
        """Tell the listeners of this news; gives what they returned."""
        if self._bar is not None:
            self._bar.hear(news)
        said = [inform(self._on_progress, news, *index)]
        if news.event == "update" and self._on_update is not None:
            said.append(inform(self._on_update, news.prediction, *index))  # type: ignore[union-attr]
        return said

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def with_input(
    reach: Reach,
    op: str,
    given: Input,
    read: Callable[[Any, _native.Task], T],
    listeners: Listeners | None = None,
    **more: Any,
) -> Call[T]:
    """Describe an operation on an input. Its media are read when this is called."""
    contents: list[bytes] = []
    tell = listeners is not None and listeners.wanted
    request = {"op": op, "input": pack_input(given, contents), "tell": tell, **more}
    hear = None if listeners is None else listeners.hear
    return Call(reach, lambda: reach.start(request, contents), read, hear)


def plain(reach: Reach, request: Mapping[str, Any], read: Callable[[Any], T]) -> Call[T]:
    """Describe an operation that is a question and an answer."""
    return Call(reach, lambda: reach.start(request, []), lambda value, _: read(value))


def check(reach: Reach, given: Input) -> Call[Report]:
    """Judge an input by the rules of its model."""
    return with_input(reach, "check", given, lambda value, _: report_of(value))


def check_alone(given: Input) -> Call[Report]:
    """Judge an input without a client."""
    import json

    contents: list[bytes] = []
    packed = json.dumps(pack_input(given, contents))
    return Call(
        None, lambda: _native.check_input(packed, contents), lambda value, _: report_of(value)
    )


def validate(reach: Reach, given: Input) -> Call[Report]:
    """Judge an input by the schema in the live catalogue as well."""
    return with_input(reach, "validate", given, lambda value, _: report_of(value))


def price(reach: Reach, given: Input, upload: bool) -> Call[Price]:
    """Ask what a run would cost."""
    return with_input(reach, "price", given, _price_of, upload=upload)


def upload(reach: Reach, media: MediaSource, on_bytes: OnBytes | None) -> Call[str]:
    """Upload a medium."""
    contents: list[bytes] = []
    request = {"op": "upload", "medium": pack(media, contents), "tell": on_bytes is not None}
    return Call(
        reach,
        lambda: reach.start(request, contents),
        lambda value, _: str(value),
        lambda event: [inform(on_bytes, event["sent"], event["total"])],
    )


def download(reach: Reach, request: Mapping[str, Any], on_bytes: OnBytes | None) -> Call[DownloadedFile]:
    """Save an output to a file."""
    from pathlib import Path

    whole = {"op": "download", **request, "tell": on_bytes is not None}
    return Call(
        reach,
        lambda: reach.start(whole, []),
        lambda value, _: DownloadedFile(Path(value["path"]), value["bytes"]),
        lambda event: [inform(on_bytes, event["received"], event["total"])],
    )


def download_url(url: str, to: str | os.PathLike[str], max_bytes: int | None) -> dict[str, Any]:
    """Describe the download of a URL."""
    return without_none({"output": {"url": url}, "to": os.fspath(to), "maxBytes": max_bytes})


def recover(
    reach: Reach, record: SubmitRecord | Mapping[str, Any], read: Callable[[Any, _native.Task], T]
) -> Call[T]:
    """Look for the job of a lost submit."""
    if isinstance(record, SubmitRecord):
        record = vars(record)
    names = ("model", "input", "sent_at")
    request = {"op": "recover", "record": {name: record[name] for name in names}}
    return Call(reach, lambda: reach.start(request, []), read)


def models(reach: Reach) -> Call[list[Model]]:
    """Ask for every model."""
    return plain(reach, {"op": "models"}, lambda value: list(map(_model_of, value)))


def model(reach: Reach, model_id: str) -> Call[Model]:
    """Ask for one model."""
    return plain(reach, {"op": "model", "id": model_id}, _model_of)


def balance(reach: Reach) -> Call[float]:
    """Ask what is left."""
    return plain(reach, {"op": "balance"}, float)


def usage(reach: Reach, start: datetime, end: datetime, model_id: str | None) -> Call[Usage]:
    """Ask what was used."""
    request = {"op": "usage", "from": moment(start), "to": moment(end), "model": model_id}
    return plain(reach, request, _usage_of)


def delete(reach: Reach, ids: Iterable[str]) -> Call[int]:
    """Delete past jobs."""
    request = {"op": "delete", "ids": [ids] if isinstance(ids, str) else list(ids)}
    return plain(reach, request, int)


def history_request(
    model: str | None,
    status: str | None,
    created_after: datetime | None,
    created_before: datetime | None,
    include_inputs: bool | None,
    page_size: int | None,
) -> dict[str, Any]:
    """Describe which past jobs are asked for."""
    return without_none(
        {
            "op": "history",
            "model": model,
            "status": status,
            "createdAfter": moment(created_after),
            "createdBefore": moment(created_before),
            "includeInputs": include_inputs,
            "pageSize": page_size,
        }
    )


def billings_request(
    kind: str | None,
    job_ids: Iterable[str] | None,
    start: datetime | None,
    end: datetime | None,
) -> dict[str, Any]:
    """Describe which records of the bill are asked for."""
    return without_none(
        {
            "op": "billings",
            "kind": kind,
            "jobIds": None if job_ids is None else list(job_ids),
            "from": moment(start),
            "to": moment(end),
        }
    )


def receive_webhook(
    reach: Reach, headers: Any, body: bytes | str, prediction_of: PredictionOf
) -> Call[Delivery]:
    """Verify a delivery with the account's secret, and read it."""
    from ._webhooks import body_of, delivery_of, pairs_of

    contents = [body_of(body)]
    request = {"op": "receiveWebhook", "headers": pairs_of(headers)}
    return Call(
        reach,
        lambda: reach.start(request, contents),
        lambda value, _: delivery_of(value, reach, prediction_of),
    )
