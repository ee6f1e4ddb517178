# SPDX-License-Identifier: Apache-2.0
"""The fit on recordings of simulated robots, whose parameters are known."""

from pathlib import Path

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_sysid import parameters as space
from furuta_sysid.comparison import compare
from furuta_sysid.conclude import conclude
from furuta_sysid.fit import FitOptions, fit
from furuta_sysid.search import SearchOptions
from furuta_sysid.simulated import hidden_robot, record

ROBOT = load_robot('furuta')
QUICK = SearchOptions(population=16, generations=40)
FEW = ('motor.constant', 'motor.voltage_bias', 'pendulum.inertia', 'delay')


def drive(time, arm_angle):
    """Some volts up and down, and a spring to the middle."""
    strong = 2.5 * np.sin(2 * np.pi * (0.4 + 0.15 * time) * time)
    return float(np.clip(strong - 2.0 * arm_angle, -8, 8))


@pytest.fixture(scope='module')
def hidden():
    """A robot that differs in a few parameters, their values, and recordings of it."""
    truth = {'motor.constant': 0.0125, 'motor.voltage_bias': 0.3, 'delay': 0.0074,
             'pendulum.inertia': 4.0e-4}  # fmt: skip
    parameters = space.free_parameters(ROBOT, only=FEW)
    values = np.array([truth[p.name] for p in parameters])
    robot = ROBOT.with_values(space.file_values(ROBOT, parameters, values))
    return robot, truth, [record(robot, drive, seconds) for seconds in (4.0, 5.0)]


@pytest.mark.slow
def test_hidden_parameters_are_found_to_the_rounding_of_the_encoders(hidden):
    _, truth, recordings = hidden
    found = fit(ROBOT, recordings, FitOptions(only=FEW, search=QUICK))
    assert found.is_model_right
    assert all(0.2 < cost < 0.35 for cost in found.costs)  # 1 / sqrt(12) = 0.29 steps
    low, high = (
        space.to_values(found.parameters, end, np)
        for end in found.uncertainty.interval(found.unit)
    )
    for i, parameter in enumerate(found.parameters):
        true = truth[parameter.name]
        assert found.values[i] == pytest.approx(true, rel=0.01)
        assert low[i] - (high[i] - low[i]) < true < high[i] + (high[i] - low[i])


@pytest.mark.slow
def test_result_says_what_was_found_and_what_was_taken_as_known(hidden):
    _, truth, recordings = hidden
    options = FitOptions(only=FEW, search=QUICK)
    found = fit(ROBOT, recordings[:1], options)
    robots = (ROBOT, found.tuned(ROBOT))
    comparisons = [
        compare(recording, part, robots)
        for recording, part in zip(recordings, ('training', 'validation'), strict=True)
    ]
    result = conclude(ROBOT, found, comparisons, options)
    assert result.delay == pytest.approx(truth['delay'], abs=1e-3)
    assert result.tuned(ROBOT).physics.motor.voltage_bias == pytest.approx(0.3, abs=0.01)
    assert {error.part for error in result.errors} == {'training', 'validation'}
    assert all(e.arm_after < e.arm_before for e in result.errors if e.horizon == 1.0)
    assert any('ohmmeter' in note for note in result.notes)


@pytest.mark.slow
def test_stopped_fit_goes_on_to_the_same_numbers(hidden, tmp_path: Path):
    *_, recordings = hidden
    options = FitOptions(only=FEW, search=QUICK)
    whole = fit(ROBOT, recordings[:1], options)
    memory = tmp_path / 'memory'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('furuta_sysid.progress.SAVE_PERIOD', 0.0)
        with pytest.raises(KeyboardInterrupt):
            fit(ROBOT, recordings[:1], options, lambda p: _interrupt(p, 0.2), memory)
    assert memory.exists()
    shares = []
    resumed = fit(ROBOT, recordings[:1], options, lambda p: shares.append(p.share), memory)
    assert shares[0] > 0.15  # it did not begin anew
    np.testing.assert_array_equal(resumed.values, whole.values)
    assert not memory.exists()


def _interrupt(progress, share):
    if progress.share > share:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_recording_without_motion_identifies_nothing():
    still = record(ROBOT, lambda time, angle: 0.0, 4.0)
    found = fit(ROBOT, [still], FitOptions(only=FEW, search=QUICK, restarts=1))
    names = [p.name for p in found.parameters]
    identified = dict(zip(names, found.uncertainty.is_identified(), strict=True))
    assert not identified['delay'] and not identified['pendulum.inertia']


def test_locked_group_stays_and_the_pendulum_is_weighed_instead():
    free = space.free_parameters(ROBOT, lock=['motor'])
    names = [p.name for p in free]
    assert not any(name.startswith('motor') for name in names)
    assert 'pendulum.mass' in names
    robot, _ = hidden_robot(ROBOT, 0.3, 0)
    values = space.file_values(robot, free, np.array([p.before for p in free]))
    assert not any(path.startswith('physics.motor') for path in values)


def test_what_belongs_together_moves_together():
    (mass,) = space.free_parameters(ROBOT, only=['arm.mass'])
    changed = space.with_parameters(ROBOT.physics, {'arm.mass': 2 * mass.before})
    assert changed.arm.inertia.zz == pytest.approx(2 * ROBOT.physics.arm.inertia.zz)
    both = space.with_parameters(ROBOT.physics, {'motor.constant': 0.02}).motor
    before = ROBOT.physics.motor
    assert both.back_emf_constant / both.torque_constant == pytest.approx(
        before.back_emf_constant / before.torque_constant
    )


def test_robot_file_is_a_point_of_the_cube_and_comes_back():
    free = space.free_parameters(ROBOT)
    back = space.to_values(free, space.start(free, 0.0), np)
    np.testing.assert_allclose(back, [p.before for p in free], rtol=1e-12, atol=1e-15)
    assert space.with_parameters(ROBOT.physics, {}) == ROBOT.physics


def test_unknown_parameter_is_refused_by_name():
    with pytest.raises(space.ParameterError, match=r"no parameter or group 'engine'.*motor"):
        space.free_parameters(ROBOT, lock=['engine'])


def test_all_locked_leaves_nothing():
    with pytest.raises(space.ParameterError, match='nothing to identify'):
        space.free_parameters(ROBOT, lock=list(space.GROUPS), only=['delay'])
