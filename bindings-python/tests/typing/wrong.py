"""Code that must fail the type checker. Each line says which error it must have."""

import viseme


def keywords(client: viseme.Client, given: viseme.AudioToVideo) -> None:
    """Use keywords that do not exist, and values of wrong types."""
    viseme.Client(timout=3)  # E: Unexpected keyword argument "timout" for "Client"; did you mean "timeout"?
    viseme.AsyncClient(timout=3)  # E: Unexpected keyword argument "timout"
    viseme.run("a/b", {}, timeot=3)  # E: Unexpected keyword argument "timeot" for "run"; did you mean "timeout"?
    client.run(given, timeot=3)  # E: Unexpected keyword argument "timeot"
    client.submit(given, timeout=3)  # E: Unexpected keyword argument "timeout"
    client.run_many([given], webhok="x")  # E: Unexpected keyword argument "webhok"
    viseme.mock(prt=1)  # E: Unexpected keyword argument "prt"
    viseme.Client(timeout="3")  # E: Argument "timeout" to "Client" has incompatible type "str"
    client.run(given, strict="yes")  # E: Argument "strict" to "run" of "Client" has incompatible type "str"
    client.run_many([given], key="a")  # E: Unexpected keyword argument "key"
    client.submit(given, key=17)  # E: Argument "key" to "submit" of "Client" has incompatible type "int"
    client.ledger.submits(state="open")  # E: Argument "state" to "submits" of "Ledger" has incompatible type
    client.batch("jobs.csv")  # E: Missing named argument "out"
    client.batch("jobs.csv", out="x", maxcost=3)  # E: Unexpected keyword argument "maxcost"
    client.batch("jobs.csv", out="x", max_cost="3")  # E: Argument "max_cost" to "batch" of "Client" has incompatible type "str"
    client.batch(3, out="x")  # E: Argument 1 to "batch" of "Client" has incompatible type "int"
    viseme.Client(submit_limits="platinum")  # E: Argument "submit_limits" to "Client" has incompatible type


async def forgotten_await(client: viseme.AsyncClient, given: viseme.AudioToVideo) -> None:
    """Forget to await what comes from an asyncio client."""
    client.run(given)  # E: must be used
    client.run(given).status  # E: "Coroutine[Any, Any, AsyncPrediction]" has no attribute "status"
    prediction = await client.run(given)
    prediction.save("x.mp4")  # E: must be used
    prediction.save("x.mp4").path  # E: has no attribute "path"
    prediction.outputs[0].save("x.mp4")  # E: must be used
    async for past in client.history():
        past.save("x.mp4")  # E: must be used
    async for result in client.run_many([given]):
        result.unwrap().save("x.mp4")  # E: must be used
    delivery = await client.receive_webhook({}, b"")
    delivery.prediction.save("x.mp4")  # E: must be used
    (await client.submit(given)).wait()  # E: must be used
    client.batch([given], out="x").summary()  # E: must be used
    client.ledger.give_up("a")  # E: must be used
    try:
        await client.job("x").wait()
    except viseme.VisemeError as error:
        assert error.prediction is not None
        error.prediction.save("x.mp4")  # E: "BasePrediction" has no attribute "save"
        if isinstance(error.prediction, viseme.AsyncPrediction):
            error.prediction.save("x.mp4")  # E: must be used
