"""Drives the Python client that WaveSpeed releases (PyPI: wavespeed), as a user would call it.

Arguments: the name of the profile. Everything else comes over the socket; protocol.md tells how.
Each operation runs in a thread of its own, with the client's own defaults.
"""

import json
import os
import socket
import sys
import threading
import traceback

import wavespeed
from wavespeed.api.client import Client

FEATURES = ["run", "upload", "presigned_uploads", "any_model", "media_path", "media_url", "sync", "parallel"]

lock = threading.Lock()


def main():
    host, port = os.environ["VISEME_CONFORMANCE"].rsplit(":", 1)
    line = socket.create_connection((host, int(port)))
    say(line, {
        "type": "hello", "protocol": 1, "name": sys.argv[1],
        "version": getattr(wavespeed, "__version__", "unknown"), "language": "python",
        "features": FEATURES,
    })
    for text in line.makefile("r", encoding="utf-8"):
        message = json.loads(text)
        if message["type"] == "run":
            threading.Thread(target=carry_out, args=(line, message), daemon=True).start()
        elif message["type"] == "bye":
            break
    # Threads that nobody waits for any more do not hold the end up.
    os._exit(0)


def say(line, message):
    data = json.dumps(message).encode() + b"\n"
    with lock:
        line.sendall(data)


def carry_out(line, message):
    outcome = {"type": "outcome", "id": message["id"]}
    try:
        outcome["value"] = operate(message)
    except Exception as error:  # noqa: BLE001: whatever the client raises is what is asked for
        outcome["error"] = told(error)
    say(line, outcome)


def operate(message):
    wanted, given = message["client"], message["input"]
    client = Client(api_key=wanted["key"], base_url=wanted["base_url"])
    if message["op"] == "upload":
        return {"url": client.upload(given["medium"]["path"])}
    fields = dict(given["params"])
    for name, medium in given["media"].items():
        fields[name] = medium["url"] if "url" in medium else client.upload(medium["path"])
    sync = bool(message["options"].get("sync"))
    answer = client.run(given["model"], fields, enable_sync_mode=sync)
    outputs = answer.get("outputs") or []
    first = outputs[0] if outputs else None
    url = first.get("url") if isinstance(first, dict) else first
    return {"status": "completed", "outputs": outputs, "output_url": url}


def told(error):
    text, cause = [], error
    while cause is not None:
        text += [str(cause), repr(cause), json.dumps(vars(cause), default=repr)]
        cause = cause.__cause__ or cause.__context__
    text.append("".join(traceback.format_exception(error)))
    builtin = {"object", "BaseException", "Exception"}
    classes = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ not in builtin]
    return {
        "classes": classes, "message": str(error) or repr(error), "text": "\n".join(text),
        "attributes": {},
    }


if __name__ == "__main__":
    main()
