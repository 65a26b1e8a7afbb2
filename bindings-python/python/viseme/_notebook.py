"""HTML for notebooks: cards for predictions, players for outputs."""

from __future__ import annotations

import html
from collections.abc import Iterable
from urllib.parse import urlsplit

_COLOURS = {"completed": "#1a7f37", "failed": "#cf222e", "cancelled": "#6e7781"}
_CARD = (
    "border:1px solid #8886;border-radius:8px;padding:10px 14px;display:inline-block;"
    "font-family:system-ui,sans-serif;font-size:13px;line-height:1.5;max-width:660px"
)
_PILL = "border-radius:10px;padding:1px 9px;color:white;background:"
_MAX_TEXT = 300


def player(url: str | None, text: str) -> str:
    """Return a player or a link for a URL, or the text if there is no URL that can be opened."""
    if url is None or urlsplit(url).scheme not in ("http", "https"):
        shown = text[:_MAX_TEXT] + ("…" if len(text) > _MAX_TEXT else "")
        return f"<code>{html.escape(shown)}</code>"
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


def card(
    *,
    status: str,
    model: str,
    job_id: str,
    execution_time: float | None,
    error: str | None,
    players: Iterable[str],
) -> str:
    """Return a card with the state of a job, and its outputs below."""
    colour = _COLOURS.get(status, "#9a6700")
    rows: list[str] = [
        f'<span style="{_PILL}{colour}">{html.escape(status)}</span> <b>{html.escape(model)}</b>',
        f'<span style="opacity:.7">job {html.escape(job_id)}</span>',
    ]
    if execution_time:
        rows.append(f"ran for {execution_time:.1f} s")
    if error is not None:
        rows.append(f'<span style="color:#cf222e">{html.escape(error)}</span>')
    rows.extend(players)
    return f'<div style="{_CARD}">{"<br>".join(rows)}</div>'
