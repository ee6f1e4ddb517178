# SPDX-License-Identifier: Apache-2.0
"""How far a policy holds: what is swept, the fast episodes, what is concluded of them."""

from dataclasses import replace

import numpy as np
import pytest

from furuta_description.randomization import PRESETS, drawn_names
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig
from furuta_rl.controllers import ExportedController, MeasuredClassical
from furuta_rl.env import EnvConfig
from furuta_rl.evaluating.grid import with_spread
from furuta_rl.evaluation import evaluate, held_out_key, make_env
from furuta_rl.policy_controller import PolicyController
from furuta_rl.robustness.axes import AXES, DELAY
from furuta_rl.robustness.cells import Cell, Plan, quick, ranges_of, world
from furuta_rl.robustness.findings import held, in_words
from furuta_rl.robustness.players import ClassicalPlayer, PolicyPlayer
from furuta_rl.robustness.program import Program
from furuta_rl.shipped import policy_file
from furuta_rl.task import Task

ROBOT = load_robot('furuta')
FILE = policy_file('furuta', '')
WRONG = {axis.name: axis.values[0 if axis.values[0] < axis.nominal else -1] for axis in AXES}


def plain(delay, spread):
    return Cell(delay, spread, DELAY.name, delay)


CELLS = [plain(0.08, 0.1), *(Cell(0.01, 0.1, *wrong) for wrong in WRONG.items())]
B = 24


@pytest.fixture(scope='module')
def policy():
    """The shipped policy, and its program for all cells."""
    controller = PolicyController(FILE, ROBOT)
    env = make_env(ROBOT, controller.task, ranges_of(CELLS), EnvConfig(), B)
    return controller, Program(env, PolicyPlayer(FILE))


def outcome(program, cell):
    return program(world(cell, drawn_names(ranges_of(CELLS))), held_out_key(0))


def drawn(delay, spread):
    ranges = with_spread(PRESETS['default'], spread)
    return replace(ranges, delay=(delay, delay))


def test_one_program_gives_the_policy_what_evaluate_gives_it(policy) -> None:
    """Where some robots of the widest spread already fail."""
    cell, (controller, program) = plain(0.05, 0.3), policy
    ranges = drawn(cell.delay, cell.spread)
    expected = evaluate(
        ExportedController(controller.policy), ROBOT, controller.task, ranges, EnvConfig(), B
    )
    found = outcome(program, cell).episodes
    assert np.mean(found.success != expected.success) <= 1 / B  # one may hang on the last digit
    both = found.success & expected.success
    late = found.time_to_upright[both] - expected.time_to_upright[both]
    assert np.median(np.abs(late)) <= 0.02
    np.testing.assert_allclose(found.deviations, cell.spread * expected.deviations, atol=1e-6)


def test_one_program_gives_the_classical_controller_what_evaluate_gives_it() -> None:
    """Its gains filled up to the length that those of the longest delay have."""
    config = EnvConfig(control_rate_hz=ClassicalConfig.rate_hz)
    task = Task(voltage_scale=ROBOT.safety.voltage_limit)
    cell = plain(0.006, 0.1)
    env = make_env(ROBOT, task, ranges_of([cell, plain(0.02, 0.1)]), config, B)
    program = Program(env, ClassicalPlayer(ROBOT, task.voltage_scale, 0.02))
    told = ClassicalConfig(host_delay=cell.delay - ROBOT.timing.link_delay)
    controller = MeasuredClassical(ROBOT, task.voltage_scale, told)
    expected = evaluate(controller, ROBOT, task, drawn(cell.delay, 0.1), config, B)
    found = outcome(program, cell).episodes
    assert expected.success.mean() > 0.5
    assert np.mean(found.success != expected.success) <= 3 / B  # it chatters: digits count


@pytest.mark.parametrize('axis', [axis for axis in AXES], ids=[axis.name for axis in AXES])
def test_every_quantity_changes_what_the_robots_do(policy, axis) -> None:
    as_it_is = outcome(policy[1], plain(0.01, 0.1))
    delay = WRONG['delay'] if axis is DELAY else 0.01
    moved = outcome(policy[1], Cell(delay, 0.1, axis.name, WRONG[axis.name]))
    assert np.mean(moved.energy != as_it_is.energy) > 0.5


def test_a_swept_parameter_is_the_same_for_all_robots_and_the_rest_drawn() -> None:
    names = drawn_names(ranges_of(CELLS))
    there = world(Cell(0.01, 0.1, 'mass', 1.3), names)
    mass = names.index('pendulum.mass')
    assert (there.spread[mass], there.change[mass]) == (0.0, pytest.approx(0.3))
    assert np.delete(there.spread, mass).min() == np.delete(there.spread, mass).max() == 0.1
    assert not np.delete(there.change, mass).any()


def test_still_motor_takes_the_current_of_ohms_law_for_its_energy(policy) -> None:
    """Voltage that never moves the arm: E = U I t with I = (U - dead zone) / R."""
    from furuta_description import channel
    from furuta_rl.plants import Plants

    physics = ROBOT.physics._replace(motor=ROBOT.physics.motor._replace(torque_constant=0.0))
    plants = Plants('mujoco', physics, PRESETS['none'], 0.002)
    zero = np.zeros(1)
    model = plants.model(plants.make_model(np.zeros((1, 0))), np.zeros((1, 0)))
    line = channel.make_line(zero + 2.0, 1, np)
    state = Task().rest_state(np.full((1, 5), 0.5), np)
    _, energy = plants.advance(model, state, line, 500, zero)
    motor = physics.motor
    current = (2.0 - motor.dead_zone) / motor.resistance
    assert energy[0] == pytest.approx(2.0 * current * 1.0, rel=0.01)


def test_full_plan_has_every_cell_once_and_quick_none_of_its_maps() -> None:
    plan, short = Plan(), quick(Plan())
    cells = plan.cells()
    assert len(set(cells)) == len(cells) == 9 * 9 * 6 + 9 + 9  # maps, delay at two spreads
    assert all(cell in cells for axis in plan.axes for cell in plan.curve(axis))
    assert len(short.cells()) == 9 * 5 - 1 + 5 + 5  # 1 is the eighth value of the supply
    assert all(axis.nominal in axis.values for axis in short.axes)
    assert not any(short.map(axis) for axis in short.axes)


def test_held_range_ends_where_a_straight_line_crosses_99_percent() -> None:
    """From 1.0 at 20 ms to 0.96 at 30 ms, 0.99 is a quarter of the way."""
    axis = replace(DELAY, values=(0.0, 0.01, 0.02, 0.03))
    low, high = held(axis, [0.995, 1.0, 1.0, 0.96])
    assert low == 0.0 and high == pytest.approx(0.0225)
    assert in_words(axis, (low, high)) == 'up to 22.5 ms'
    assert held(axis, [0.98, 1.0, 1.0, 1.0]) is None  # not even with nothing wrong
    assert in_words(axis, None) == 'nowhere'


def test_held_range_about_a_nominal_value_in_the_middle_has_two_ends() -> None:
    axis = replace(AXES[4], values=(0.5, 1.0, 1.5, 2.0))
    assert held(axis, [0.97, 1.0, 1.0, 0.0]) == (pytest.approx(5 / 6), pytest.approx(1.505))
