"""Data classes that are completed when they are first used behave like all others."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest
import viseme

DEFERRED = [
    viseme.AudioToVideo,
    viseme.TextToVideo,
    viseme.KlingEffects,
    viseme.Input,
    viseme.Pacing,
    viseme.Backoff,
    viseme.SubmitLimits,
    viseme.DownloadedFile,
    viseme.Prediction,
    viseme.Delivery,
    viseme.RunResult,
]


def run(code: str) -> str:
    """Run a program in a new interpreter, where no class is complete."""
    words = [sys.executable, "-I", "-c", code]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


# Each is the first use of the class in its process.
@pytest.mark.parametrize(
    ("first_use", "expected"),
    [
        (
            "viseme.Pacing(2.0)",
            "Pacing(interval=2.0, first=None, growth=1.0, max=None, jitter=0.1)",
        ),
        ("[it.name for it in dataclasses.fields(viseme.Input)]", "['model', 'parameters']"),
        ("dataclasses.is_dataclass(viseme.Delivery)", "True"),
        ("viseme.TextToVideo.__match_args__[:2]", "('video', 'text')"),
        ("inspect.signature(viseme.Backoff)", "(base: float = 1.0, max: float = 30.0) -> None"),
        ("viseme.Input('a') == viseme.Input('a', {})", "True"),
        ("dataclasses.replace(viseme.Backoff(), base=2.0).base", "2.0"),
        ("viseme.Backoff.__dataclass_params__.frozen", "True"),
        ("hasattr(viseme.Backoff, '__dataclass_nothing__')", "False"),
        ("viseme.AudioToVideo('a', 'b').MODEL", "kwaivgi/kling-lipsync/audio-to-video"),
    ],
)
def test_any_use_can_be_the_first(first_use: str, expected: str) -> None:
    assert run(f"import dataclasses, inspect, viseme; print({first_use})") == expected


def test_an_instance_can_arrive_before_its_class_is_used() -> None:
    prediction = viseme.Prediction(id="x", model="m", status="completed", is_terminal=True)
    code = (
        f"import dataclasses, pickle, viseme\nfound = pickle.loads({pickle.dumps(prediction)!r})\n"
        "try:\n    found.id = 'y'\nexcept dataclasses.FrozenInstanceError:\n    print(found)\n"
        "print(found == dataclasses.replace(found), found['id'])"
    )
    assert run(code).splitlines() == [
        "Prediction(id='x', status='completed', model='m')",
        "True x",
    ]


def test_a_subclass_initializes_once() -> None:
    code = """
import viseme
class Own(viseme.AudioToVideo):
    count = 0
    def __init__(self, name):
        Own.count += 1
        super().__init__(audio=name + ".mp3", video=name + ".mp4")
    def __repr__(self):
        return "own " + super().__repr__()
print(Own("a"), Own.count)
"""
    assert run(code) == "own Own(audio='a.mp3', video='a.mp4') 1"


def test_threads_may_use_a_class_first_at_the_same_time() -> None:
    code = """
import sys, threading, viseme
sys.setswitchinterval(1e-6)
names = "AudioToVideo TextToVideo KlingEffects Input Pacing Backoff SubmitLimits".split()
kinds = [getattr(viseme, name) for name in names]
start, found = threading.Barrier(8), []
def use():
    start.wait()
    for kind in kinds:
        count = 1 if kind in (viseme.Input, viseme.Pacing) else 0 if kind is viseme.Backoff else 2
        found.append(repr(kind(*[1] * count)))
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""
    for _ in range(3):
        assert run(code) == "56 7"


@pytest.mark.parametrize("kind", DEFERRED, ids=lambda kind: str(kind.__name__))
def test_each_class_is_a_public_frozen_data_class(kind: Any) -> None:
    names = [each.name for each in dataclasses.fields(kind)]
    assert names
    assert list(inspect.signature(kind).parameters) == names
    assert kind.__dataclass_params__.frozen
    assert kind.__module__ == "viseme"
    assert kind is getattr(viseme, kind.__name__)
