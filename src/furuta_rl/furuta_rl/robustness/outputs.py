# SPDX-License-Identifier: Apache-2.0
"""What `furuta report` prints and the files it leaves."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from furuta_description.whole_file import write_whole
from furuta_rl.robustness.findings import HELD, Findings, headline, in_words, to_json
from furuta_rl.robustness.options import ReportOptions


def paths(options: ReportOptions, policy: Path) -> list[Path]:
    """Page, figures and, if one is wanted, the curve."""
    names = [f'{policy.stem}.report.html', f'{policy.stem}.report.json']
    return [options.folder / name for name in names] + [p for p in [options.curve] if p]


def show(findings: Findings, console: Console) -> None:
    """How far it holds."""
    table = Table(title=f'{findings.policy}: where {100 * HELD:g} % succeed', title_justify='left')
    table.add_column('')
    for who in findings.figures:
        table.add_column(who)
    for axis in findings.plan.axes:
        held = [in_words(axis, findings.held(who, axis)) for who in findings.figures]
        table.add_row(axis.title, *held)
    console.print(table)
    console.print(headline(findings))
    cells = len(findings.plan.cells()) * len(findings.figures)
    console.print(f'{cells} cells of {findings.episodes} episodes in {findings.seconds:.0f} s')


def write(findings: Findings, options: ReportOptions, policy: Path, console: Console) -> None:
    """Page, figures and curve."""
    from furuta_rl.robustness import page, plots  # imports matplotlib

    html, figures, *_ = paths(options, policy)
    with console.status('drawing'):
        write_whole(html, page.make_report(findings).encode())
        text = json.dumps(to_json(findings), allow_nan=False, separators=(',', ':')) + '\n'
        write_whole(figures, text.encode())
        if options.curve:
            from furuta_rl.evaluating.plots import save

            save(options.curve, plots.delay_curve(findings))
    for path in paths(options, policy):
        console.print(f'wrote {path}')
