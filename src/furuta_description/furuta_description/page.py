# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML page that needs no network and no other file: its frame and its parts."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = (Path(__file__).parent / 'page.css').read_text()


def make_page(title: str, body: Iterable[str]) -> str:
    """The page, its title as text and its body as HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'</head><body>{chr(10).join(body)}</body></html>\n'
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells, which scrolls where the page is too narrow."""
    top = ''.join(f'<th>{cell}</th>' for cell in head)
    lines = ''.join(f'<tr>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>' for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{lines}</table></div>'


def picture(figure: Figure, kind: str = '') -> str:
    """A vector picture, as an image so that the names in it stay its own."""
    import matplotlib

    content = io.BytesIO()
    with matplotlib.rc_context({'svg.fonttype': 'none', 'font.family': 'sans-serif'}):
        figure.savefig(content, format='svg')
    data = base64.b64encode(content.getvalue()).decode()
    return f'<img class="{kind}" alt="" src="data:image/svg+xml;base64,{data}">'
