"""How predictions and outputs look in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ._prediction import BaseOutput, BasePrediction

_COLOURS = {"completed": "#1a7f37", "failed": "#cf222e", "cancelled": "#6e7781"}
_CARD = (
    "border:1px solid #8886;border-radius:8px;padding:10px 14px;display:inline-block;"
    "font-family:system-ui,sans-serif;font-size:13px;line-height:1.5;max-width:660px"
)
_PILL = "border-radius:10px;padding:1px 9px;color:white;background:"


def output_bundle(output: BaseOutput) -> dict[str, str]:
    """Show the output as what it is."""
    return {"text/plain": repr(output), "text/html": _player(output)}


def prediction_bundle(prediction: BasePrediction[Any]) -> dict[str, str]:
    """Show the state of the job, and its outputs below."""
    status = prediction.status
    colour = _COLOURS.get(status, "#9a6700")
    rows: list[str] = [
        f'<span style="{_PILL}{colour}">{html.escape(status)}</span> '
        f"<b>{html.escape(prediction.model)}</b>",
        f'<span style="opacity:.7">job {html.escape(prediction.id)}</span>',
    ]
    if prediction.execution_time:
        rows.append(f"ran for {prediction.execution_time:.1f} s")
    if prediction.error is not None:
        rows.append(f'<span style="color:#cf222e">{html.escape(prediction.error)}</span>')
    outputs: Iterable[BaseOutput] = prediction.outputs
    rows.extend(map(_player, outputs))
    card = f'<div style="{_CARD}">{"<br>".join(rows)}</div>'
    return {"text/plain": repr(prediction), "text/html": card}


def _player(output: BaseOutput) -> str:
    url = output.url
    if url is None or urlsplit(url).scheme not in ("http", "https"):
        text = str(output)
        return f"<code>{html.escape(text[:300] + ('…' if len(text) > 300 else ''))}</code>"
    address = html.escape(url, quote=True)
    style = 'style="max-width:640px;width:100%;display:block"'
    match urlsplit(url).path.rpartition(".")[2].lower():
        case "mp4" | "mov" | "webm":
            return f'<video src="{address}" controls preload="metadata" {style}></video>'
        case "mp3" | "wav" | "m4a" | "aac":
            return f'<audio src="{address}" controls></audio>'
        case "png" | "jpg" | "jpeg" | "webp" | "gif":
            return f'<img src="{address}" alt="output" {style}>'
        case _:
            return f'<a href="{address}" rel="noopener">{address}</a>'
