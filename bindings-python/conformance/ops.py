"""The operations. They are written once: what the blocking client gives needs no waiting."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from inspect import isawaitable
from typing import Any

import values
import viseme
from settings import input_of, medium_of, options_of, settings_of


class Ops:
    """The clients of one kind, and what they can be asked."""

    def __init__(self, kind: Callable[..., Any]) -> None:
        self._kind = kind
        self._clients: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}

    def forget(self, client: str) -> None:
        """Let go of a client."""
        self._clients.pop(client, None)

    async def carry_out(self, message: dict[str, Any]) -> dict[str, Any]:
        """Carry an operation out; what the driver cannot do is a driver error."""
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
        except Exception:
            return {"driver_error": traceback.format_exc()}

    def _client(self, wanted: dict[str, Any]) -> Any:
        if wanted["id"] not in self._clients:
            self._clients[wanted["id"]] = self._kind(**settings_of(wanted))
        return self._clients[wanted["id"]]

    def _keep(self, call: Call, prediction: Any) -> Any:
        self._kept[call.id] = prediction
        return values.prediction(prediction)

    async def op_run(self, call: Call) -> Any:
        given = input_of(call.input)
        found = await of(call.client.run(given, on_progress=call.hear, **call.options))
        return self._keep(call, found)

    async def op_run_many(self, call: Call) -> Any:
        inputs = [input_of(one) for one in call.input["inputs"]]
        runs = call.client.run_many(inputs, **call.options)
        return {"results": [values.result(result) async for result in each(runs)]}

    async def op_check(self, call: Call) -> Any:
        return values.report(await of(call.client.check(input_of(call.input))))

    async def op_validate(self, call: Call) -> Any:
        return values.report(await of(call.client.validate(input_of(call.input))))

    async def op_upload(self, call: Call) -> Any:
        return {"url": await of(call.client.upload(medium_of(call.input["medium"])))}

    async def op_submit(self, call: Call) -> Any:
        given = input_of(call.input)
        submit = call.client.submit(given, on_progress=call.hear, **call.options)
        return values.job(await of(submit))

    async def op_job_wait(self, call: Call) -> Any:
        job = call.client.job(call.input["job_id"])
        return self._keep(call, await of(job.wait(on_progress=call.hear, **call.options)))

    async def op_job_updates(self, call: Call) -> Any:
        updates: list[Any] = []
        job = call.client.job(call.input["job_id"])
        async for update in each(job.updates(**call.options)):
            updates.append(values.prediction(update))
            call.events.append({"event": "update", "prediction": updates[-1]})
        return {"updates": updates}

    async def op_job_refresh(self, call: Call) -> Any:
        return self._keep(call, await of(call.client.job(call.input["job_id"]).refresh()))

    async def op_download(self, call: Call) -> Any:
        to = call.input["to"]
        if call.input.get("url") is not None:
            download = call.client.download(call.input["url"], to, **call.options)
            return values.saved(await of(download))
        prediction = self._kept[call.input["of"]]
        return values.saved(await of(prediction.save(to, **call.options)))

    async def op_recover(self, call: Call) -> Any:
        return values.job(await of(call.client.recover(call.input["record"])))

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
        wanted = call.input.get("id")
        found = (
            await of(call.client.models())
            if wanted is None
            else [await of(call.client.model(wanted))]
        )
        return {"models": [values.model(model) for model in found]}

    async def op_price(self, call: Call) -> Any:
        return values.price(await of(call.client.price(input_of(call.input), **call.options)))

    async def op_balance(self, call: Call) -> Any:
        return {"balance": await of(call.client.balance())}

    async def op_delete(self, call: Call) -> Any:
        return {"deleted": await of(call.client.delete(call.input["ids"]))}

    async def op_webhook_verify(self, call: Call) -> Any:
        given = call.input
        verifier = viseme.WebhookVerifier(given["secret"], tolerance=given.get("tolerance"))
        now = given.get("now")
        at = None if now is None else datetime.fromisoformat(now.replace("Z", "+00:00"))
        return values.delivery(verifier.verify(given["headers"], given["body"], now=at))

    async def op_webhook_receive(self, call: Call) -> Any:
        receive = call.client.receive_webhook(call.input["headers"], call.input["body"])
        return values.delivery(await of(receive))


class Call:
    """One operation under way."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.id = message["id"]
        self.client: Any = None
        self.input: dict[str, Any] = message.get("input") or {}
        self.options = options_of(message)
        self.events: list[Any] = []

    def hear(self, news: Any) -> None:
        """Keep the news."""
        self.events.append(values.event(news))


async def of(given: Any) -> Any:
    """Wait for what is to be waited for."""
    return await given if isawaitable(given) else given


async def each(items: Any) -> AsyncIterator[Any]:
    """Give the items, and end the iteration where the caller leaves it."""
    if hasattr(items, "__aiter__"):
        async with items:
            async for item in items:
                yield item
    else:
        with items:
            for item in items:
                yield item
