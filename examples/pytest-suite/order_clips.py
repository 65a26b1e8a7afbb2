"""The code under test: makes the clip of an order."""

from __future__ import annotations

from pathlib import Path

import viseme


class ClipFailedError(Exception):
    """There is no clip. The message is for the customer."""


def make_clip(client: viseme.Client, order: str, audio: Path, video: Path, folder: Path) -> Path:
    """Make the clip of an order, and pay for it once however often this is called."""
    given = viseme.AudioToVideo(audio=audio, video=video)
    try:
        prediction = client.run(given, key=order)
    except viseme.InputError as error:
        raise ClipFailedError(f"Please send other files: {error}") from error
    except viseme.InsufficientCreditsError as error:
        raise ClipFailedError(
            "We cannot make clips at the moment. Please try again later."
        ) from error
    except viseme.JobError as error:
        raise ClipFailedError("The clip could not be made. You have not been charged.") from error
    return Path(prediction.save(folder / f"{order}.mp4").path)
