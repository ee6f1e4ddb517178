# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid plan`: what `furuta sysid capture` would play, as a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from furuta_sysid.excitation import DT, Plan
from furuta_sysid.plan_options import PlanOptions

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Options:
    """Show what capture would play to a robot, and how far it is expected to move."""

    robot: str = 'furuta'
    """a name in config/ of furuta_description, or a file"""
    plan: tyro.conf.OmitArgPrefixes[PlanOptions] = field(default_factory=PlanOptions)
    """what to play"""
    plot: Path | None = None
    """picture of it (.png, .svg, .pdf)"""


def main(arguments: Sequence[str]) -> int:
    """Plan, print and draw; the exit status."""
    options = tyro.cli(Options, args=arguments, prog='furuta sysid plan')

    from rich.console import Console
    from rich.progress import Progress

    from furuta_description.robot import load_robot
    from furuta_sysid.excitation import make_plan

    robot = load_robot(options.robot)
    console = Console(soft_wrap=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task('simulating', total=1.0)
        plan = make_plan(robot, options.plan, lambda part: progress.update(task, completed=part))
    _print(plan, console)
    if options.plot:
        draw(plan, robot.name, options.plot)
        console.print(f'picture in {options.plot}')
    console.print(f'to play and record it: ./furuta sysid capture --robot {options.robot}')
    return 0


def _print(plan: Plan, console: Console) -> None:
    from rich.table import Table

    table = Table('signal', box=None)
    for title in ('from', 'to', 'amplitude', 'arm within', 'pendulum within'):
        table.add_column(title, justify='right')
    for segment in plan.segments:
        table.add_row(
            segment.name,
            f'{segment.start * DT:.1f} s',
            f'{segment.stop * DT:.1f} s',
            f'{segment.amplitude:.2f} V',
            f'{segment.arm_reach:.2f} rad',
            f'{segment.pendulum_reach:.2f} rad',
        )
    console.print(table)
    console.print(
        f'{plan.duration:.0f} s in all; besides, {plan.stiffness:.2f} V per rad draw the arm to '
        'the middle'
    )


def draw(plan: Plan, name: str, path: Path) -> None:
    """Draw the voltages over time."""
    import matplotlib

    matplotlib.use('agg')
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots(figsize=(12, 3.5), layout='constrained')
    axes.plot(np.arange(len(plan.signal)) * DT, plan.signal, linewidth=0.7)
    for segment in plan.segments:
        axes.axvspan(segment.start * DT, segment.stop * DT, alpha=0.08)
        axes.text(segment.start * DT, axes.get_ylim()[1], f' {segment.name}', va='top', fontsize=9)
    axes.set(xlabel='time [s]', ylabel='voltage [V]', xlim=(0, plan.duration), title=name)
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
