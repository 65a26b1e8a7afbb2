"""Lip-syncs the samples with the official client. Prints the outputs as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wavespeed.api.client import Client  # type: ignore[import-untyped]

MODEL = "kwaivgi/kling-lipsync/audio-to-video"

base_url, key, folder = sys.argv[1:]
client = Client(api_key=key, base_url=base_url)
samples = {"audio": "voice.mp3", "video": "face.mp4"}
fields = {name: client.upload(str(Path(folder, file))) for name, file in samples.items()}
result = client.run(MODEL, fields)
print(json.dumps(result["outputs"]))
