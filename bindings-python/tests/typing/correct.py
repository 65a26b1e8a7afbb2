"""Code that must pass the type checker."""

from pathlib import Path
from typing import Any

import viseme


def settings() -> dict[str, Any]:
    """Return settings whose types are not known."""
    return {}


def blocking(client: viseme.Client, given: viseme.AudioToVideo) -> None:
    """Use the blocking client."""
    prediction = client.run(given, timeout=3, strict=True, on_update=lambda it: print(it.status))
    client.run("a/b", {"prompt": "x"}, timeout=3)
    path = prediction.save("x.mp4").path
    print(path.name, prediction.is_terminal, prediction.status == "completed")
    for past in client.history(status="failed"):
        print(past.outputs[0].save("y.mp4").bytes)
    for result in client.run_many([given, ("a/b", {})], limit=3, webhook="https://a.example"):
        print(result.unwrap().output_url)
    try:
        client.job("x").wait(timeout=3)
    except viseme.WaitTimeoutError as error:
        client.job(error.job_id).wait()
    except viseme.VisemeError as error:
        if isinstance(error.prediction, viseme.Prediction):
            print(error.prediction.save("z.mp4").path)
    client.receive_webhook({}, b"").prediction.save("x.mp4")
    viseme.Client(timeout=3, **settings())
    client.run(given, key="a", retry_failed=True)
    print(client.submit("a/b", {}, key="b").id)
    for submit in client.ledger.submits(state="sent"):
        print(submit.key, submit.record.sent_at, submit.job_id or "?")
        client.ledger.give_up(submit.key)
    batch = client.batch("jobs.csv", out=Path("results"), max_cost=200, retry_failed=2)
    for item in batch:
        print(item.id, item.state == "done", item.output, item.error)
    print(batch.summary().states["done"], batch.stop_reason and batch.stop_reason.code)
    client.batch([given, {"id": "a", "audio": Path("a.mp3"), "video": "v.mp4"}], out="results")
    viseme.AsyncClient(ledger=Path("ledger.db"))


async def asynchronous(client: viseme.AsyncClient, given: viseme.AudioToVideo) -> None:
    """Use the asyncio client."""

    async def on_progress(event: viseme.Progress) -> None:
        print(event.event)

    prediction = await client.run(given, timeout=3, on_progress=on_progress)
    print((await prediction.save("x.mp4")).path)
    async for past in client.history():
        await past.outputs[0].save("y.mp4")
    async for result in client.run_many([given]):
        print(result.unwrap().output_url)
    delivery = await client.receive_webhook({}, b"")
    await delivery.prediction.save("x.mp4")
    batch = client.batch([given], out="results", progress=True)
    async for item in batch:
        print(item.outputs[0].name)
    print((await batch.summary()).spent, (await batch.items())[0].sent_at)
    client.set_api_key("k")
