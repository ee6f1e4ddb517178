# SPDX-License-Identifier: Apache-2.0
"""Many conditions in one batch: each robot gets those of its cell."""

import numpy as np
import pytest

from furuta_description.randomization import PRESETS, relative
from furuta_description.robot import load_robot
from furuta_rl.env import EnvConfig
from furuta_rl.evaluating.grid import Grid, with_spread
from furuta_rl.evaluation import evaluate, held_out_key, make_env, play
from furuta_rl.task import Task

ROBOT = load_robot('furuta')
GRID = Grid(delays=(0.0, 0.03), spreads=(0.0, 0.1, 0.3), episodes=4)


class Still:
    """No voltage."""

    def start(self, state):
        """Nothing to prepare."""

    def act(self, state):
        return np.zeros((len(state.tick), 1), np.float32)


def test_every_cell_has_its_delay_and_its_spread() -> None:
    config = EnvConfig(backend='mujoco', control_rate_hz=2, physics_dt=0.5)
    ranges = GRID.ranges(PRESETS['wide'])
    whole = evaluate(
        Still(), ROBOT, Task(), ranges, config, episodes=GRID.total, prepare=GRID.prepare
    )
    drawn = evaluate(Still(), ROBOT, Task(), ranges, config, episodes=GRID.total)
    cells = GRID.cells(whole)
    assert len(cells) == 2 and all(len(row) == 3 for row in cells)
    for delay, row in zip(GRID.delays, cells, strict=True):
        for spread, cell in zip(GRID.spreads, row, strict=True):
            np.testing.assert_allclose(cell.delay, [delay] * 4, rtol=1e-6)
            assert np.abs(cell.deviations).max() <= spread / 0.3 + 1e-6
            assert np.all(np.any(cell.deviations != 0, axis=1) == (spread > 0))
    np.testing.assert_array_equal(whole.deviations[8:12], drawn.deviations[8:12])  # the widest


def test_cells_hold_every_episode_once_and_in_order() -> None:
    cells = GRID.cells(np.arange(GRID.total))
    assert np.concatenate([cell for row in cells for cell in row]).tolist() == list(range(24))


@pytest.mark.parametrize('backend', ['mujoco', 'analytic'])
def test_the_plant_is_that_of_the_cell_too(backend: str) -> None:
    """All robots of a cell without spread fall alike from the same place."""
    grid = Grid(delays=(0.0,), spreads=(0.0, 0.3), episodes=4)
    env = make_env(ROBOT, Task(), grid.ranges(PRESETS['none']), EnvConfig(backend=backend), 8)

    def prepare(state):
        zero = 0 * state.delay
        plant = state.plant._replace(arm_angle=zero, pendulum_angle=zero + 1)
        return grid.prepare(state._replace(plant=plant), np.arange(8))

    states = [state for state, *_ in play(env, Still(), held_out_key(0), prepare)][:20]
    velocity = np.asarray(states[-1].plant.pendulum_velocity)
    assert np.ptp(velocity[:4]) < 1e-4 and np.ptp(velocity[4:]) > 0.1


def test_only_nominal_robots_are_a_grid_too() -> None:
    grid = Grid(delays=(0.0,), spreads=(0.0,), episodes=3)
    config = EnvConfig(backend='mujoco', control_rate_hz=2, physics_dt=0.5)
    ranges = grid.ranges(PRESETS['wide'])
    episodes = evaluate(Still(), ROBOT, Task(), ranges, config, grid.total, prepare=grid.prepare)
    assert episodes.deviations.shape == (3, 0)


def test_spread_is_on_every_parameter_and_leaves_noise_and_delay_alone() -> None:
    ranges = with_spread(PRESETS['wide'], 0.2)
    assert (ranges.arm, ranges.motor) == (relative(0.2).arm, relative(0.2).motor)
    assert ranges.angle_noise == PRESETS['wide'].angle_noise
    assert ranges.delay == PRESETS['wide'].delay
