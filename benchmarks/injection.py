# SPDX-License-Identifier: Apache-2.0
# environment: train run
"""Injected delays are what is measured, cost nothing when off, and mean what they do in training.

    ./furuta bench injection [--runs 50] [--json FILE]

Three claims. Over topics, delays and jitter set on either way while the stack runs come out as
they were set. A controller's step takes as long as that of a node without injection. And the same
delay on plants drawn within `default` gives the same success over topics and in the batched
environment, at a delay where it is neither 0 nor 1; the environment is given on top what the loop
over topics takes by itself at that delay, as measured in the same run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import output
import tyro

from furuta_description.command import run_command
from furuta_description.randomization import PRESETS

RUNS = Path(__file__).with_name('injected_runs.py')
SHORTEST, STEP = 0.030, 0.005  # [s] delays that are tried
PHYSICS_DT = 0.001  # [s] as the simulated plant's: where delays begin to tell, so does the step
MEDIUM = 0.75  # share of successes below which a delay tells something
DELAY_BOUND = 1.0  # [ms] p50
JITTER_BOUND = 0.1  # Kolmogorov-Smirnov distance
COST_BOUND = 1.02


@dataclass(frozen=True)
class Options:
    """What to run."""

    robot: str = 'furuta'
    seconds: float = 8.0
    """Length of the measurement of each setting [s]."""
    runs: int = 50
    """Swing-ups over topics, 10 s each; 0 = no comparison."""
    episodes: int = 1000
    """In the batched environment."""
    seed: int = 0
    json: Path | None = None
    """Where to write the figures."""


def main() -> int:
    options = tyro.cli(Options, prog='furuta bench injection', description=__doc__)
    with tempfile.TemporaryDirectory(prefix='furuta-injection-') as folder:
        return run(options, Path(folder))


def run(options: Options, folder: Path) -> int:
    timing = topics(folder, 'timing', options, '--seconds', str(options.seconds))
    rows = [judge_delay(row) for row in timing['delays']]
    rows += [judge_jitter(row) for row in timing['jitters']]
    cost = topics(folder, 'cost', options)
    rows.append(row_of('step, of one without injection', cost['ratio'], COST_BOUND))
    if options.runs:
        rows.append(compare(options, folder))
    columns = ('what', 'value', 'bound', 'met')
    output.show('injection', columns, [[row[c] for c in columns] for row in rows])
    output.write(options.json, {'rows': rows, 'timing': timing, 'cost': cost})
    return 0 if all(row['met'] for row in rows) else 1


def topics(folder: Path, what: str, options: Options, *arguments: str) -> dict[str, Any]:
    """Figures of a part that runs over topics."""
    file = folder / f'{what}.json'
    status = commands.run_with_ros(
        str(RUNS), what, '--robot', options.robot, '--json', str(file), *arguments
    )
    if status:
        raise SystemExit(status)
    return json.loads(file.read_text())


def row_of(what: str, value: float, bound: float) -> dict[str, Any]:
    return {'what': what, 'value': value, 'bound': bound, 'met': value <= bound}


def judge_delay(row: dict[str, Any]) -> dict[str, Any]:
    """Error of a measured delay, undisturbed way included."""
    name = f'{row["way"]} {row["set_ms"]:g} ms: measured p50 {row["p50_ms"]:.2f} ms, off by [ms]'
    return row_of(name, abs(row['p50_ms'] - row['set_ms']), DELAY_BOUND)


def judge_jitter(row: dict[str, Any]) -> dict[str, Any]:
    """Distance of measured times, less the undisturbed median, from what was set."""
    return row_of(f'{row["way"]} {row["what"]}: KS of {row["count"]}', row['ks'], JITTER_BOUND)


def compare(options: Options, folder: Path) -> dict[str, Any]:
    """The same delay in a batch and over topics."""
    delay = find_delay(options, folder)
    given = ('--delay', str(delay), '--seed', str(options.seed))
    base = topics(folder, 'base', options, *given)['base']
    batch = evaluate(options, folder, delay + base)['success']
    ours = topics(folder, 'runs', options, '--runs', str(options.runs), *given)
    return {
        'what': (
            f'{1e3 * delay:.0f} ms + {1e3 * base:.1f} ms of the topics: '
            f'{100 * batch["share"]:.0f} % of {options.episodes} in a batch, '
            f'{100 * ours["share"]:.0f} % of {options.runs} over topics'
        ),
        'value': f'{ours["low"]:.2f} to {ours["high"]:.2f}',
        'bound': f'{batch["low"]:.2f} to {batch["high"]:.2f}',
        'met': ours['low'] <= batch['high'] and batch['low'] <= ours['high'],
    }


def find_delay(options: Options, folder: Path) -> float:
    """The first delay that not nearly every episode survives [s]."""
    for step in range(20):
        delay = SHORTEST + step * STEP
        if evaluate(options, folder, delay)['success']['share'] < MEDIUM:
            return delay
    raise SystemExit('this policy holds any delay: there is nothing to compare')


def evaluate(options: Options, folder: Path, delay: float) -> dict[str, Any]:
    """Figures of a batch with this delay on top of that of `default`."""
    shortest, longest = PRESETS['default'].delay
    return commands.evaluate(
        folder,
        *('--robot', options.robot, '--episodes', str(options.episodes)),
        *('--delay', str(shortest + delay), str(longest + delay)),
        *('--physics-dt', str(PHYSICS_DT)),
    )


if __name__ == '__main__':
    sys.exit(run_command(main))
