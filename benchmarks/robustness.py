# SPDX-License-Identifier: Apache-2.0
# environment: train
"""How far the policy that comes with a robot holds, and how fast its report is; exit 0 if so."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import output
import tyro
from rich.progress import Progress

from furuta_description.randomization import PRESETS, Ranges
from furuta_description.robot import load_robot
from furuta_rl.controllers import ExportedController
from furuta_rl.env import EnvConfig
from furuta_rl.evaluating.contest import longest_step
from furuta_rl.evaluating.grid import with_spread
from furuta_rl.evaluation import evaluate
from furuta_rl.informed import solvable
from furuta_rl.policy_controller import PolicyController
from furuta_rl.robustness.axes import DELAY
from furuta_rl.robustness.cells import Plan
from furuta_rl.robustness.contest import Contest
from furuta_rl.robustness.findings import CLASSICAL, POLICY
from furuta_rl.robustness.options import ReportOptions
from furuta_rl.robustness.sweep import Figures, sweep
from furuta_rl.share import share
from furuta_rl.shipped import policy_file
from furuta_sim.compiled import use_cache

CLOSE, HELD_TO, HELD = 0.1, 0.04, 0.99  # at this spread, to this delay [s], this share
BETTER_FROM = 0.01  # [s] of delay from which on the classical controller must be worse
SPREAD = 0.3
OF_SOLVABLE = {0.02: 0.97, 0.04: 0.95}  # by delay [s], at that spread
TIMES = {'--quick': 60.0, '': 300.0}  # [s] of the command, on 2 quiet cores


@dataclass
class Options:
    """Options of the benchmark."""

    robot: str = 'furuta'
    policy: Path | None = None
    """Policy file; by default the one that comes with the robot."""
    episodes: int = 1000
    """In each cell."""
    seed: int = 0
    reports: bool = True
    """Whether to time `furuta report` too."""
    json: Path | None = None


def main(options: Options) -> int:
    """Measure, print, judge; the exit status."""
    use_cache(ReportOptions.cache)
    with Progress(transient=True) as progress:
        curve = over_delay(options, progress)
        judged = [
            of_solvable(options, delay, is_disturbed, progress)
            for is_disturbed in (False, True)
            for delay in OF_SOLVABLE
        ]
        times = {flag: seconds_of_report(options, flag, progress) for flag in timed(options)}
    show(curve, judged, times)
    failures = judge(curve, judged, times)
    figures = {'curve': curve, 'judged': judged, 'report_seconds': times, 'failures': failures}
    about = {name: str(value) for name, value in asdict(options).items()}
    output.write(options.json, {'options': about, **figures})
    for failure in failures:
        print(f'does not hold: {failure}')
    return 1 if failures else 0


def timed(options: Options) -> list[str]:
    """Flags that the report is timed with."""
    return list(TIMES) if options.reports else []


def over_delay(options: Options, progress: Progress) -> list[dict]:
    """Success of both at every delay."""
    asked = ReportOptions(options.policy, options.robot)
    cells = Plan(axes=(DELAY,)).curve(DELAY, CLOSE)
    robot, shares = load_robot(options.robot), {}
    for contender in Contest(asked).contenders:
        task = progress.add_task(contender.name, total=len(cells))
        found: dict[object, Figures] = sweep(
            *(contender, robot, cells, options.episodes, options.seed),
            on_cell=lambda task=task: progress.advance(task),
        )
        shares[contender.name] = [asdict(found[cell].success) for cell in cells]
    rows = zip(cells, shares[POLICY], shares[CLASSICAL], strict=True)
    return [{'delay': cell.delay, POLICY: p, CLASSICAL: c} for cell, p, c in rows]


def of_solvable(options: Options, delay: float, is_disturbed: bool, progress: Progress) -> dict:
    """Success among what an informed controller solves, and among all.

    Disturbed means with all else of the preset `wide` too: jitter, losses and pushes.
    """
    robot = load_robot(options.robot)
    player = PolicyController(policy_file(options.robot, str(options.policy or '')), robot)
    preset: Ranges = PRESETS['wide' if is_disturbed else 'default']
    ranges = replace(with_spread(preset, SPREAD), delay=(delay, delay))
    config = EnvConfig('analytic', player.rate_hz, longest_step(player.rate_hz))
    task = progress.add_task(f'+-{100 * SPREAD:g} %, {1000 * delay:g} ms', total=None)
    world = (robot, player.task, ranges)
    count, seed = options.episodes, options.seed
    success = evaluate(ExportedController(player.policy), *world, config, count, seed).success
    can_be = solvable(*world, seed, count, on_step=lambda steps: progress.advance(task, steps))
    return {
        'delay': delay,
        'is_disturbed': is_disturbed,
        'raw': asdict(share(success)),
        'solvable': asdict(share(can_be)),
        'of_solvable': asdict(share(success[can_be])),
    }


def seconds_of_report(options: Options, flag: str, progress: Progress) -> float:
    """Wall time of the command [s].

    Raises:
        SystemExit: the command failed.
    """
    progress.add_task(f'furuta report {flag}', total=None)
    policy = ['--policy', str(options.policy)] if options.policy else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, '-m', 'furuta_rl.report', '--robot', options.robot, *policy]
        command += ['--out', folder, *([flag] if flag else [])]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'{" ".join(command)}\n{done.stdout}{done.stderr}')
    return time.perf_counter() - start


def show(curve: list[dict], judged: list[dict], times: dict[str, float]) -> None:
    """Two tables, and the times."""
    rows = [
        [f'{1000 * r["delay"]:g} ms', percent(r[POLICY]), percent(r[CLASSICAL])] for r in curve
    ]
    output.show(f'success at +-{100 * CLOSE:g} %', ('delay', POLICY, CLASSICAL), rows)
    rows = [
        [
            f'{1000 * r["delay"]:g} ms'
            + (', disturbed as in `wide`' if r['is_disturbed'] else ''),
            *(percent(r[name]) for name in ('of_solvable', 'raw', 'solvable')),
        ]
        for r in judged
    ]
    title = f'success at +-{100 * SPREAD:g} % of what an informed controller solves'
    output.show(title, ('delay', 'of solvable', 'of all', 'solvable'), rows)
    for flag, seconds in times.items():
        print(f'furuta report {flag}: {seconds:.0f} s')


def percent(found: dict) -> str:
    """A share with its interval."""
    return f'{100 * found["share"]:.1f} ({100 * found["low"]:.1f} to {100 * found["high"]:.1f})'


def judge(curve: list[dict], judged: list[dict], times: dict[str, float]) -> list[str]:
    """What does not hold."""
    failures = []
    for row in curve:
        success, other, name = row[POLICY], row[CLASSICAL], f'{1000 * row["delay"]:g} ms'
        if row['delay'] <= HELD_TO + 1e-9 and success['share'] < HELD:
            failures.append(f'{percent(success)} % at {name}, not {100 * HELD:g} %')
        if row['delay'] >= BETTER_FROM - 1e-9 and not success['hits'] > other['hits']:
            failures.append(f'no better than classical at {name}')
    for row in judged:
        bound = OF_SOLVABLE[row['delay']]
        if not row['is_disturbed'] and row['of_solvable']['share'] < bound:
            found = percent(row['of_solvable'])
            failures.append(f'{found} % of solvable at {1000 * row["delay"]:g} ms, not {bound}')
    late = {flag: seconds for flag, seconds in times.items() if seconds > TIMES[flag]}
    return failures + [f'furuta report {flag}: {s:.0f} s, too long' for flag, s in late.items()]


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench robustness', description=__doc__)))
