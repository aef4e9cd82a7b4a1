"""How answers look in a notebook: a row of cards with pictures.

Pictures are fetched when an answer is shown, by this client and with its key, and put into the page: the browser may be
somewhere the server cannot be reached from, and has no key.
"""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence

import httpx

if TYPE_CHECKING:
    from ._types import Match

WIDTH_PX = 160
MOST_CARDS = 24


@dataclass(frozen=True)
class Pictures:
    """Where pictures of an answer are fetched."""

    base_url: str
    headers: dict[str, str]
    verify: bool = True

    def thumbnails(self, paths: Sequence[str | None]) -> list[str]:
        """Addresses for `<img>`: the pictures themselves, or where they are if they cannot be had."""
        with httpx.Client(base_url=self.base_url, headers=self.headers, verify=self.verify, timeout=10) as client:
            return [self._one(client, path) if path else "" for path in paths]

    def _one(self, client: httpx.Client, path: str) -> str:
        separator = "&" if "?" in path else "?"
        try:
            response = client.get(f"{path}{separator}width={WIDTH_PX}")
            response.raise_for_status()
        except httpx.HTTPError:
            return str(httpx.URL(self.base_url).join(path))
        media_type = response.headers.get("content-type", "image/jpeg")
        return f"data:{media_type};base64,{base64.b64encode(response.content).decode()}"


def cards(title: str, matches: Sequence[Match], pictures: Pictures | None) -> str:
    """A row of cards; everything that came from the server is escaped."""
    shown = matches[:MOST_CARDS]
    paths = [match.image_url for match in shown]
    sources = pictures.thumbnails(paths) if pictures else [path or "" for path in paths]
    more = f" ({len(matches) - len(shown)} more are not shown)" if len(matches) > len(shown) else ""
    body = "".join(_card(match, source) for match, source in zip(shown, sources))
    return (
        f"<div><p><b>{html.escape(title)}</b>{more}</p>"
        f'<div style="display:flex;flex-wrap:wrap;gap:12px">{body}</div></div>'
    )


def _card(match: Match, source: str) -> str:
    names = (match.fields.get(key) for key in ("name", "title", "item_name"))
    name = next((name for name in names if isinstance(name, str)), match.product_id)
    picture = (
        f'<img src="{html.escape(source, quote=True)}" width="{WIDTH_PX}" alt="{html.escape(name, quote=True)}">'
        if source
        else ""
    )
    return (
        f'<div style="width:{WIDTH_PX}px;font-size:12px">{picture}'
        f"<div>{html.escape(name)}</div>"
        f"<div>{match.match_percent:.1f} % &middot; {html.escape(match.class_)}</div>"
        f"<div><code>{html.escape(match.product_id)}</code></div></div>"
    )
