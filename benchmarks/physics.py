# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Physics steps per second of every backend, and how far their trajectories part.

    ./furuta bench physics [--quick] [--json FILE]

All rows of the first table are measured in turn, several times over, and the best time of each
counts: other programs on the machine only ever slow a row down. Every backend runs the whole motor
and friction model; the bare loop and the plain rollout are C MuJoCo alone. The first row is the
reference of all ratios: C MuJoCo's own loop, one robot on one core.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import output
import tyro
from mujoco.rollout import Rollout

from furuta_description import motor
from furuta_description.dynamics import State, make_state
from furuta_description.mjcf import make_mjcf, make_model_fields
from furuta_description.motor import frictionless
from furuta_description.robot import Physics, load_robot
from furuta_sim.backends.analytic import AnalyticBackend
from furuta_sim.backends.mjx import MjxBackend
from furuta_sim.backends.mujoco import MujocoBackend, set_fields

DT = 1e-3  # [s]
ROBOTS = 4096


@dataclass(frozen=True)
class Options:
    """What to measure."""

    robot: str = 'furuta'
    """Robot: a name in config/ or a file."""
    json: Path | None = None
    """Where to write the figures."""
    quick: bool = False
    """Fewer repetitions and robots; the figures are rough."""


@dataclass(frozen=True)
class Row:
    """One way to step, `steps` physics steps over all robots a call."""

    name: str
    steps: int
    call: Callable[[], Any]


def main() -> None:
    options = tyro.cli(Options, prog='furuta bench physics', description=__doc__)
    physics = load_robot(options.robot).physics
    rates = measure(rows(physics), 3 if options.quick else 10)
    title = f'Physics steps per second, {ROBOTS} robots, {os.cpu_count()} cores'
    output.show(title, ('', 'M steps/s', 'x bare loop', ''), speed_rows(rates))
    errors = agreement(physics, 128 if options.quick else 1024)
    output.show(
        'Angles after 1 s, distance from C MuJoCo [rad]',
        tuple(errors[0]),
        [[f'{x:.1e}' if isinstance(x, float) else x for x in row.values()] for row in errors],
    )
    figures = {'robot': options.robot, 'steps_per_second': rates, 'agreement': errors}
    output.write(options.json, figures)


def random_states(count: int, scale: tuple[float, ...] = (1, np.pi, 5, 10)) -> tuple[State, Any]:
    """States within +-scale [rad, rad, rad/s, rad/s], and a voltage for each within +-5 V."""
    rng = np.random.default_rng(0)
    return make_state(*(rng.uniform(-a, a, count) for a in scale)), rng.uniform(-5, 5, count)


def compile_model(physics: Physics) -> mujoco.MjModel:
    model = mujoco.MjModel.from_xml_string(make_mjcf(DT))
    set_fields(model, make_model_fields(physics, np))
    return model


def rows(physics: Physics) -> list[Row]:
    varied = jax.tree.map(lambda leaf: np.full(ROBOTS, leaf, np.float32), physics)
    return [
        bare_loop(physics),
        plain_rollout(physics),
        bare_steps(physics),
        backend_row('mujoco', MujocoBackend(DT), physics, 20),
        backend_row('mjx', MjxBackend(DT), physics, 100),
        backend_row('analytic', AnalyticBackend(DT), physics, 2000),
        backend_row('analytic, all numbers per robot', AnalyticBackend(DT), varied, 1000),
    ]


def bare_loop(physics: Physics) -> Row:
    """C MuJoCo's loop in C: one robot, one core, no motor."""
    model = compile_model(physics)
    data = mujoco.MjData(model)
    data.qvel[:] = 1
    name, steps = 'C MuJoCo, bare loop (1 robot, 1 core)', 100_000
    return Row(name, steps, lambda: mujoco.mj_step(model, data, nstep=steps))


def plain_rollout(physics: Physics, steps: int = 50) -> Row:
    """MuJoCo's rollout: all robots, all cores, no motor."""
    model = compile_model(physics)
    pool, data = make_pool(model)
    start = full_state(random_states(ROBOTS)[0])[:, 0]
    models = [model] * ROBOTS
    states, sensors = np.empty((ROBOTS, steps, 5)), np.empty((ROBOTS, steps, 0))

    def call() -> None:
        pool.rollout(
            models, data, start, skip_checks=True, nstep=steps, state=states, sensordata=sensors
        )

    return Row('mujoco.rollout, plain', ROBOTS * steps, call)


def bare_steps(physics: Physics, steps: int = 20) -> Row:
    """The mujoco backend's work written out: motor torque, then one step for the batch."""
    model = compile_model(physics)
    pool, data = make_pool(model)
    state, voltage = random_states(ROBOTS)
    start = full_state(state)
    models = [model] * ROBOTS
    torque, sensors = np.empty((ROBOTS, 1, 2)), np.empty((ROBOTS, 1, 0))
    spec = mujoco.mjtState.mjSTATE_QFRC_APPLIED.value

    def call() -> None:
        now, after = start.copy(), np.empty_like(start)
        current = state.current
        for _ in range(steps):
            drive = motor.drive(physics, State(*now[:, 0, 1:].T, current), voltage, DT, np)
            torque[:, 0, 0], torque[:, 0, 1] = drive.arm_torque, drive.pendulum_torque
            pool.rollout(
                models, data, now, torque, control_spec=spec, skip_checks=True, nstep=1,
                state=after, sensordata=sensors,
            )  # fmt: skip
            current, now, after = drive.current, after, now

    return Row('mujoco, per-step loop written bare', ROBOTS * steps, call)


def make_pool(model: mujoco.MjModel) -> tuple[Rollout, list[mujoco.MjData]]:
    cores = len(os.sched_getaffinity(0))
    return Rollout(nthread=cores), [mujoco.MjData(model) for _ in range(cores)]


def full_state(state: State) -> np.ndarray:
    """mjSTATE_FULLPHYSICS of these states, (B, 1, 5)."""
    return np.stack([0 * state.arm_angle, *state[:4]], axis=-1)[:, None]


def backend_row(name: str, backend: Any, physics: Physics, steps: int) -> Row:
    state, voltage = random_states(ROBOTS)
    model = backend.prepare(physics)
    if not isinstance(backend, MujocoBackend):
        state, voltage = jax.tree.map(jnp.asarray, (state, voltage))
    return Row(
        name,
        ROBOTS * steps,
        lambda: jax.block_until_ready(backend.step(model, state, voltage, steps)),
    )


def measure(rows: list[Row], rounds: int) -> dict[str, float]:
    """Physics steps a second of each row, best of the rounds."""
    for row in rows:
        row.call()  # compiles
    best = dict.fromkeys((row.name for row in rows), np.inf)
    for _ in range(rounds):
        for row in rows:
            start = time.perf_counter()
            row.call()
            best[row.name] = min(best[row.name], time.perf_counter() - start)
    return {row.name: row.steps / best[row.name] for row in rows}


def speed_rows(rates: dict[str, float]) -> list[list[str]]:
    """Rates, ratios to the first row, and the targets with their outcome."""
    bare = rates['mujoco, per-step loop written bare']
    rollout = rates['mujoco.rollout, plain']
    share = rates['mujoco'] / bare
    notes = {
        'mujoco': f'{share:.2f} of the bare loop (target 0.9) {mark(share >= 0.9)}, '
        f'{rates["mujoco"] / rollout:.2f} of plain rollout',
        'mjx': f'target 1.0 M {mark(rates["mjx"] >= 1e6)}',
        'analytic': f'target 100 M {mark(rates["analytic"] >= 100e6)}',
    }
    reference = next(iter(rates.values()))
    return [
        [name, f'{rate / 1e6:.2f}', f'{rate / reference:.2f}', notes.get(name, '')]
        for name, rate in rates.items()
    ]


def mark(met: bool) -> str:
    return 'met' if met else 'MISSED'


def agreement(physics: Physics, count: int) -> list[dict[str, Any]]:
    """Distance of both angles from C MuJoCo's after 1 s: median and 99th percentile [rad]."""
    figures = []
    starts = {
        'hanging': random_states(count, (1, 0.5, 3, 5)),
        'random': random_states(count, (1, np.pi, 15, 15)),
    }
    for model, robot in (('no motor or friction', frictionless(physics)), ('whole', physics)):
        for start, (state, voltage) in starts.items():
            expected = run(MujocoBackend(DT), robot, state, voltage)
            for kind, x64 in itertools.product((AnalyticBackend, MjxBackend), (True, False)):
                with jax.enable_x64(x64):
                    angles = run(kind(DT), robot, *jax.tree.map(jnp.asarray, (state, voltage)))
                error = np.abs(angles - expected).max(axis=0)
                name = f'{kind.__module__.split(".")[-1]} float{64 if x64 else 32}'
                errors = {'median': np.median(error), 'p99': np.quantile(error, 0.99)}
                errors = {key: float(value) for key, value in errors.items()}
                figures.append({'start': start, 'model': model, 'backend': name, **errors})
    return figures


def run(backend: Any, physics: Physics, state: State, voltage: Any) -> np.ndarray:
    after = backend.step(backend.prepare(physics), state, voltage, 1000)
    return np.array(after[:2], dtype=np.float64)


if __name__ == '__main__':
    main()
