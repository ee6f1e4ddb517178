# SPDX-License-Identifier: Apache-2.0
# environment: train run
"""From a minute of motion of an unknown robot to a policy that runs it; exit 0 if all bounds hold.

    ./furuta bench sysid-loop [--runs 20] [--json FILE]

The unknown robot is emulated behind a serial port: bodies, frictions and motor are not those of
the robot file (its pendulum was not even weighed; its resistance was measured), and it has a cable
spring, a bias, and 10 ms between logged voltage and torque. The one command records it,
identify tunes the robot file, a second recording judges. Then a policy that was trained on the
tuned robot within the ranges found brings it up over topics, and so does, for comparison, one
trained on the file as it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import commands
import numpy as np
import output
import tyro
import yaml

from furuta_description.command import run_command
from furuta_description.robot import Robot, load_robot
from furuta_sysid.result import RESULT_FILE, load_result
from furuta_sysid.tuned_file import tuned_stem

LATE = 0.010  # [s] between logged voltage and torque
DELAY_BOUND = 0.001  # [s]
NOISE_BOUND = 1.5  # times the encoders' rounding error, over a second
ROUNDING = 12**-0.5  # standard deviation of a rounding error, in steps
SPREAD = 0.3
SCALED = (
    ('physics.arm.mass', 'physics.arm.inertia'),
    ('physics.pendulum.mass', 'physics.pendulum.inertia'),
    ('physics.pendulum.inertia',),
    ('physics.arm.friction.coulomb', 'physics.arm.friction.static'),
    ('physics.arm.friction.viscous',),
    ('physics.pendulum.friction.viscous',),
    ('physics.motor.torque_constant', 'physics.motor.back_emf_constant'),
    ('physics.motor.dead_zone',),
)
CABLE = {'physics.cable.stiffness': 0.008, 'physics.cable.rest_angle': 0.3}
BIAS = {'physics.motor.voltage_bias': 0.15}


@dataclass(frozen=True)
class Options:
    """What to run."""

    robot: str = 'furuta'
    runs: int = 20
    """Swing-ups over topics with each policy."""
    seconds: float = 10.0
    """Length of each [s]."""
    duration: float = 60.0
    """Of the recording that is fitted [s]; the one that judges is half as long."""
    seed: int = 0
    """Of the hidden robot."""
    folder: Path | None = None
    """Where everything is kept; by default nowhere."""
    json: Path | None = None
    """Where to write the figures."""


def main() -> int:
    options = tyro.cli(Options, prog='furuta bench sysid-loop', description=__doc__)
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        return run(options, options.folder.resolve())
    with tempfile.TemporaryDirectory(prefix='furuta-sysid-') as folder:
        return run(options, Path(folder))


def run(options: Options, folder: Path) -> int:
    known = load_robot(options.robot)
    secret = draw(known, options.seed)
    bags = [
        record(options, folder, hide(secret, known, folder), seed, options.duration / (1 + seed))
        for seed in (0, 1)
    ]
    out = folder / 'identified'
    chosen = ('--robot', str(known.file))
    commands.sysid('identify', bags[0], *chosen, '--validation', bags[1], '--out', str(out))
    tuned = load_robot(out / f'{tuned_stem(known.file)}.yaml')
    rows = [*judge_errors(folder, tuned, bags[1]), judge_delay(out)]
    within = {tuned.file: 'identified', known.file: 'default'}
    for robot in (tuned, known):
        given = ('--robot', str(robot.file), '--randomization', within[robot.file])
        policy = commands.train(folder / within[robot.file], *given)['policy']
        rows.append(swing_up(options, folder, robot, hide(secret, robot, folder), policy))
    rows[-1]['met'] = None  # for comparison
    title = f'{known.name}, hidden robot {options.seed}'
    columns = ('what', 'value', 'bound', 'met')
    output.show(title, columns, [[row[c] for c in columns] for row in rows])
    output.write(options.json, {'seed': options.seed, 'rows': rows})
    return 0 if all(row['met'] in (True, None) for row in rows) else 1


def draw(known: Robot, seed: int) -> Robot:
    """A robot that the file knows little of."""
    random, old = np.random.default_rng(seed), {path: v for path, v, *_ in known.quantities()}
    values = {**CABLE, **BIAS}
    for group in SCALED:
        factor = random.uniform(1 - SPREAD, 1 + SPREAD)
        values |= {p: (factor * np.array(values.get(p, old[p]))).tolist() for p in group}
    return known.with_values(values)


def hide(secret: Robot, robot: Robot, folder: Path) -> str:
    """File of the secret robot for an emulator that is called `robot`."""
    late = secret.with_values({'timing.torque_delay': LATE})
    file = folder / f'hidden_from_{robot.file.name}'
    file.write_text(yaml.safe_dump(dict(late.document)))
    return str(file)


def record(options: Options, folder: Path, hidden: str, seed: int, duration: float) -> str:
    bag = str(folder / f'bag{seed}')
    status = commands.run_with_ros(
        *('-P', '-m', 'furuta_bringup.cli', 'sysid', 'capture', '--plant', 'real'),
        *(
            '--port',
            'emulator',
            '--enable',
            '--robot',
            options.robot,
            '--hidden',
            hidden,
            '--bag',
            bag,
        ),
        *('--seed', str(seed), '--duration', str(duration)),
    )
    if status:
        raise SystemExit(status)
    return bag


def judge_errors(folder: Path, tuned: Robot, bag: str) -> list[dict]:
    """Open-loop errors of a second on the recording that was kept out."""
    file = folder / 'validation.json'
    commands.sysid('validate', bag, '--robot', str(tuned.file), '--json', str(file))
    (figures,) = [r for r in json.loads(file.read_text())['recordings'] if r['horizon'] == 1.0]
    rows = []
    for joint in ('arm', 'pendulum'):
        step = 2 * np.pi / getattr(tuned.sensors, f'{joint}_counts')
        value, bound = figures[f'{joint}_rms'], NOISE_BOUND * ROUNDING * step
        what = f'{joint}, error over 1 s kept out [rad]'
        rows.append({'what': what, 'value': value, 'bound': bound, 'met': value <= bound})
    return rows


def judge_delay(out: Path) -> dict:
    delay = load_result(out / RESULT_FILE).delay
    error = abs(delay - LATE)
    what = 'delay found, off by [s]'
    return {'what': what, 'value': error, 'bound': DELAY_BOUND, 'met': error <= DELAY_BOUND}


def swing_up(options: Options, folder: Path, robot: Robot, hidden: str, policy: str) -> dict:
    """Runs over topics that were upright in time and stayed so."""
    file = folder / f'swingup_{robot.file.stem}.json'
    commands.run_with_ros(
        *(str(commands.ROOT / 'benchmarks/swingup.py'), '--plant', 'emulator'),
        *('--robots', str(robot.file), '--hidden', hidden, '--policy', policy, '--long', '0'),
        *('--seeds', str(options.runs), '--seconds', str(options.seconds), '--json', str(file)),
    )
    held = json.loads(file.read_text())['held'] if file.is_file() else 0
    what = f'{robot.file.name}: swing-ups held, of {options.runs}'
    return {'what': what, 'value': held, 'bound': options.runs, 'met': held == options.runs}


if __name__ == '__main__':
    sys.exit(run_command(main))
