"""The driver of the Python client of WaveSpeed (PyPI: wavespeed). It uses the public API.

Arguments: the name of the profile. Everything else comes over the socket, as protocol.md describes.
Each operation runs in its own thread. The client has its own defaults.
"""

import json
import os
import socket
import sys
import threading
import traceback

import wavespeed
from wavespeed.api.client import Client

FEATURES = [
    "run",
    "upload",
    "presigned_uploads",
    "any_model",
    "media_path",
    "media_url",
    "sync",
    "parallel",
]

lock = threading.Lock()


def main():
    host, port = os.environ["VISEME_CONFORMANCE"].rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    send(
        connection,
        {
            "type": "hello",
            "protocol": 1,
            "name": sys.argv[1],
            "version": getattr(wavespeed, "__version__", "unknown"),
            "language": "python",
            "features": FEATURES,
        },
    )
    for text in connection.makefile("r", encoding="utf-8"):
        message = json.loads(text)
        if message["type"] == "run":
            threading.Thread(target=execute, args=(connection, message), daemon=True).start()
        elif message["type"] == "bye":
            break
    # Exit without waiting for threads that are still in progress.
    os._exit(0)


def send(connection, message):
    data = json.dumps(message).encode() + b"\n"
    with lock:
        connection.sendall(data)


def execute(connection, message):
    outcome = {"type": "outcome", "id": message["id"]}
    try:
        outcome["value"] = operate(message)
    # The outcome is whatever the client raises.
    except Exception as error:
        outcome["error"] = describe_error(error)
    send(connection, outcome)


def operate(message):
    config, input_ = message["client"], message["input"]
    client = Client(api_key=config["key"], base_url=config["base_url"])
    if message["op"] == "upload":
        return {"url": client.upload(input_["medium"]["path"])}
    fields = dict(input_["params"])
    for name, medium in input_["media"].items():
        fields[name] = medium["url"] if "url" in medium else client.upload(medium["path"])
    sync = bool(message["options"].get("sync"))
    result = client.run(input_["model"], fields, enable_sync_mode=sync)
    outputs = result.get("outputs") or []
    first = outputs[0] if outputs else None
    url = first.get("url") if isinstance(first, dict) else first
    return {"status": "completed", "outputs": outputs, "output_url": url}


def describe_error(error):
    text, cause = [], error
    while cause is not None:
        text += [str(cause), repr(cause), json.dumps(vars(cause), default=repr)]
        cause = cause.__cause__ or cause.__context__
    text.append("".join(traceback.format_exception(error)))
    builtin = {"object", "BaseException", "Exception"}
    classes = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ not in builtin]
    return {
        "classes": classes,
        "message": str(error) or repr(error),
        "text": "\n".join(text),
        "attributes": {},
    }


if __name__ == "__main__":
    main()
