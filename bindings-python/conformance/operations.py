"""The operations of the protocol, written once: results of the blocking client need no await."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import AsyncIterator
from datetime import datetime
from inspect import isawaitable
from pathlib import Path
from typing import Any

import values
import viseme
from settings import input_of, media_of, options_of, settings_of


class Operations:
    """The clients of one kind, and the operations on them."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._clients: dict[str, Any] = {}
        self._predictions: dict[str, Any] = {}

    def forget(self, client: str) -> None:
        """Drop a client."""
        self._clients.pop(client, None)

    async def execute(self, message: dict[str, Any]) -> dict[str, Any]:
        """Execute an operation. A failure of the driver itself is a driver error."""
        call = Call(message)
        try:
            operation = getattr(self, f"op_{message['op']}", None)
            if operation is None:
                return {"driver_error": f"there is no operation {message['op']}"}
            if "client" in message and message["client"] is not None:
                call.client = self._client(message["client"])
            return {"value": await operation(call), "events": call.events}
        except viseme.VisemeError as error:
            return {"error": values.error(error), "events": call.events}
        except PreventedError:
            return {"value": {"prevented": True}, "events": call.events}
        except Exception:
            return {"driver_error": traceback.format_exc()}

    def _client(self, described: dict[str, Any]) -> Any:
        if described["id"] not in self._clients:
            settings, testing = settings_of(described)
            # A subclass, as only builds for this suite accept such settings.
            kind: Any = type(self._kind.__name__, (self._kind,), {"_testing_settings": testing})
            self._clients[described["id"]] = kind(**settings)
        return self._clients[described["id"]]

    def _store(self, call: Call, prediction: Any) -> Any:
        self._predictions[call.id] = prediction
        return values.prediction(prediction)

    async def op_run(self, call: Call) -> Any:
        given = input_of(call.input)
        found = await resolve(call.client.run(given, on_progress=call.on_progress, **call.options))
        return self._store(call, found)

    async def op_run_many(self, call: Call) -> Any:
        inputs = [input_of(one) for one in call.input["inputs"]]
        runs = call.client.run_many(inputs, **call.options)
        return {"results": [values.result(result) async for result in each(runs)]}

    async def op_check(self, call: Call) -> Any:
        return values.report(await resolve(call.client.check(input_of(call.input))))

    async def op_validate(self, call: Call) -> Any:
        return values.report(await resolve(call.client.validate(input_of(call.input))))

    async def op_upload(self, call: Call) -> Any:
        return {"url": await resolve(call.client.upload(media_of(call.input["medium"])))}

    async def op_submit(self, call: Call) -> Any:
        given = input_of(call.input)
        submit = call.client.submit(given, on_progress=call.on_progress, **call.options)
        return values.job(await resolve(submit))

    async def op_job_wait(self, call: Call) -> Any:
        job = call.client.job(call.input["job_id"])
        return self._store(
            call, await resolve(job.wait(on_progress=call.on_progress, **call.options))
        )

    async def op_job_updates(self, call: Call) -> Any:
        updates: list[Any] = []
        job = call.client.job(call.input["job_id"])
        async for update in each(job.updates(**call.options)):
            updates.append(values.prediction(update))
            call.events.append({"event": "update", "prediction": updates[-1]})
        return {"updates": updates}

    async def op_job_refresh(self, call: Call) -> Any:
        return self._store(
            call, await resolve(call.client.job(call.input["job_id"]).refresh(**call.options))
        )

    async def op_download(self, call: Call) -> Any:
        to = call.input["to"]
        if call.input.get("url") is not None:
            download = call.client.download(call.input["url"], to, **call.options)
            return values.downloaded_file(await resolve(download))
        prediction = self._predictions[call.input["of"]]
        return values.downloaded_file(await resolve(prediction.save(to, **call.options)))

    async def op_download_outputs(self, call: Call) -> Any:
        prediction = self._predictions[call.input["of"]]
        saved = await resolve(prediction.download_outputs(call.input["to"], **call.options))
        return {"files": [values.downloaded_file(it) for it in saved]}

    async def op_recover(self, call: Call) -> Any:
        return values.job(await resolve(call.client.recover(call.input["record"])))

    async def op_history(self, call: Call) -> Any:
        names = ("model", "status", "include_inputs", "page_size")
        jobs: list[Any] = []
        filters = {name: call.input.get(name) for name in names}
        async for job in each(call.client.history(**filters)):
            jobs.append(values.prediction(job))
            if len(jobs) == call.input.get("limit"):
                break
        return {"jobs": jobs}

    async def op_models(self, call: Call) -> Any:
        model_id = call.input.get("id")
        found = (
            await resolve(call.client.models())
            if model_id is None
            else [await resolve(call.client.model(model_id))]
        )
        return {"models": [values.model(model) for model in found]}

    async def op_price(self, call: Call) -> Any:
        return values.price(await resolve(call.client.price(input_of(call.input), **call.options)))

    async def op_balance(self, call: Call) -> Any:
        return {"balance": await resolve(call.client.balance())}

    async def op_delete(self, call: Call) -> Any:
        return {"deleted": await resolve(call.client.delete(call.input["ids"]))}

    async def op_set_api_key(self, call: Call) -> Any:
        call.client.set_api_key(call.input["key"])
        return {}

    async def op_webhook_verify(self, call: Call) -> Any:
        given = call.input
        verifier = viseme.WebhookVerifier(given["secret"], tolerance=given.get("tolerance"))
        now = given.get("now")
        at = None if now is None else datetime.fromisoformat(now.replace("Z", "+00:00"))
        return values.delivery(verifier.verify(given["headers"], given["body"], now=at))

    async def op_webhook_receive(self, call: Call) -> Any:
        receive = call.client.receive_webhook(call.input["headers"], call.input["body"])
        return values.delivery(await resolve(receive))


class PreventedError(Exception):
    """The error of a callback that prevents the submit."""


class Call:
    """One running operation."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.id = message["id"]
        self.client: Any = None
        self.input: dict[str, Any] = message.get("input") or {}
        self.options = options_of(message)
        self._progress_error = self.options.pop("progress_error", False)
        self._submit_error = self.options.pop("submit_error", False)
        self._save_record = self.options.pop("save_record", None)
        self.events: list[Any] = []

    def on_progress(self, event: Any) -> None:
        """Store the event."""
        self.events.append(values.event(event))
        if self._submit_error and isinstance(event, viseme.Submitting):
            raise PreventedError
        if self._save_record and isinstance(event, viseme.Submitting):
            save_record(self.events[-1]["record"], **self._save_record)
        if self._progress_error and not isinstance(event, viseme.Submitting):
            raise RuntimeError("the progress callback of the case")


def save_record(record: Any, to: str, hold: str | None = None) -> None:
    """Save a record, and then wait until the harness kills this process."""
    Path(to).write_text("" if hold == "before" else json.dumps(record))
    while hold is not None:
        time.sleep(60)


async def resolve(given: Any) -> Any:
    """Await an awaitable; return anything else as it is."""
    return await given if isawaitable(given) else given


async def each(items: Any) -> AsyncIterator[Any]:
    """Yield the items, and end the iteration if the caller leaves it."""
    if hasattr(items, "__aiter__"):
        async with items:
            async for item in items:
                yield item
    else:
        with items:
            for item in items:
                yield item
