# SPDX-License-Identifier: Apache-2.0
"""What every benchmark prints and writes: a table for people, the same figures as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print one table."""
    table = Table(title=escape(title), title_justify='left')
    for i, column in enumerate(columns):
        table.add_column(escape(column), justify='left' if i == 0 else 'right')
    for row in rows:
        table.add_row(*(escape(f'{v:.5g}' if isinstance(v, float) else str(v)) for v in row))
    Console(width=max(100, Console().width)).print(table)


def write(file: Path | None, figures: dict[str, Any]) -> None:
    """Write the figures as JSON if a file is given, with what they were measured on."""
    if file is None:
        return
    machine = {'machine': platform.machine(), 'python': platform.python_version()}
    file.write_text(json.dumps({**machine, **figures}, indent=2) + '\n')
    print(f'figures in {file}')
