# SPDX-License-Identifier: Apache-2.0
"""Plans: what they contain, and that robots which differ from the file survive them."""

import numpy as np
import pytest

from furuta_description import dynamics, randomization
from furuta_description.robot import load_robot
from furuta_sysid import plan as plan_command
from furuta_sysid.excitation import DT, make_plan
from furuta_sysid.plan_options import REST, SIGNAL_NAMES, PlanOptions
from furuta_sysid.player import Player, Position
from furuta_sysid.signals import FAST, SIGNALS, SLOW

OPTIONS = PlanOptions(duration=20.0)
COUNT = 4000


@pytest.fixture(scope='module', params=['furuta', 'qube_servo_2'])
def planned(request):
    robot = load_robot(request.param)
    return robot, make_plan(robot, OPTIONS)


@pytest.mark.parametrize('name', SIGNAL_NAMES)
def test_signal_stays_within_one_and_uses_it(name):
    signal = SIGNALS[name](COUNT, DT, np.random.default_rng(0))
    assert signal.shape == (COUNT,)
    assert 0.85 < np.abs(signal).max() <= 1.0


@pytest.mark.parametrize('name', ['chirp_up', 'chirp_down', 'multi_sine'])
def test_energy_of_a_sweep_lies_between_its_ends(name):
    signal = SIGNALS[name](COUNT, DT, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(signal)) ** 2
    frequency = np.fft.rfftfreq(COUNT, DT)
    inside = (frequency > 0.7 * SLOW) & (frequency < 1.2 * FAST)
    assert power[inside].sum() > 0.97 * power.sum()


def test_multi_sine_has_a_low_crest():
    signal = SIGNALS['multi_sine'](COUNT, DT, np.random.default_rng(0))
    middle = signal[500:-500]
    assert np.abs(middle).max() / np.sqrt(np.mean(middle**2)) < 3.0


def test_plan_has_its_duration_its_rests_and_its_signals(planned):
    _, plan = planned
    assert plan.duration == pytest.approx(20.0, abs=0.1)
    assert [segment.name for segment in plan.segments] == list(SIGNAL_NAMES)
    assert not plan.signal[: round(REST / DT)].any()
    assert not plan.signal[-round(REST / DT) :].any()
    assert plan.voltage(-0.1, 1.0) == plan.voltage(plan.duration, 1.0) == 0.0


def test_same_seed_gives_the_same_plan_and_another_one_another():
    robot = load_robot('furuta')
    short = [PlanOptions(duration=8.0, signals='steps', seed=seed) for seed in (3, 3, 4)]
    first, again, other = (make_plan(robot, options).signal for options in short)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_robots_that_differ_by_a_third_stay_within_their_limits(planned):
    robot, plan = planned
    ranges = randomization.relative(0.3)
    count = randomization.count_spreads(ranges)
    deviations = np.random.default_rng(99).uniform(-1, 1, (100, count))
    physics = randomization.draw(robot.physics, ranges, deviations)
    k = dynamics.make_coefficients(physics)
    state = dynamics.make_state(*np.zeros((4, 100)))
    lag = round(0.006 / DT)  # between the arm and the voltage it leads to
    arms = [np.zeros(100)] * (lag + 1)
    worst = np.zeros((4, 100))
    for signal, band in zip(plan.signal, plan.band, strict=True):
        spring = plan.stiffness * (arms[-1 - lag] - np.clip(arms[-1 - lag], -band, band))
        voltage = np.clip(signal - spring, -plan.voltage_limit, plan.voltage_limit)
        state = dynamics.step(physics, k, state, voltage, DT, np)
        arms = [*arms[1:], state.arm_angle]
        worst = np.maximum(worst, np.abs(state[:4]))
    assert np.mean(worst[0] < robot.safety.arm_soft_limit) >= 0.97
    assert (worst[0] < robot.safety.arm_limit).all()
    assert (worst[2] < robot.safety.arm_speed_limit).all()
    assert (worst[3] < robot.safety.pendulum_speed_limit).all()
    assert np.median(worst[0]) > 0.2 * robot.safety.arm_soft_limit


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'signals': 'chirp'}, 'free_swing, chirp_up'),
        ({'duration': 5.0}, 'take 16.5 to'),
        ({'reach': 1.5}, 'reach must be'),
    ],
)
def test_options_that_do_not_fit_are_told_with_what_does(options, message):
    with pytest.raises(ValueError, match=message):
        make_plan(load_robot('furuta'), PlanOptions(**options))


def test_command_shows_and_draws_the_plan(tmp_path, capsys):
    file = tmp_path / 'plan.png'
    assert plan_command.main(['--duration', '20', '--plot', str(file)]) == 0
    assert file.stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert all(name in printed for name in SIGNAL_NAMES) and 'sysid capture' in printed


# --- the player -----------------------------------------------------------------------------


@pytest.fixture
def player(planned):
    robot, plan = planned
    return Player(plan, robot)


def at(stamp, arm=0.0, pendulum=0.0, velocity=0.0):
    return Position(stamp, arm, pendulum, 0.0, velocity)


def test_player_waits_for_an_enabled_plant_that_hangs_at_rest(player):
    assert player.step(at(0.0)) == 0.0 and 'enabled' in player.waiting_for
    player.hear(True, 'ok')
    for sample, missing in [
        (at(0.1, arm=1.0), 'arm'),
        (at(0.2, pendulum=3.1), 'hang'),
        (at(0.3, velocity=2.0), 'rest'),
    ]:
        player.step(sample)
        assert missing in player.waiting_for and player.elapsed == 0.0
    player.step(at(5.0))
    assert not player.waiting_for


def test_player_waits_for_its_recorder(player):
    player.hear(True, 'ok')
    player.is_recorded = False
    player.step(at(0.0))
    assert player.waiting_for == 'the recorder'
    player.is_recorded = True
    player.step(at(1.0))
    assert not player.waiting_for


def test_player_plays_by_the_stamps_and_ends_with_zero(player):
    player.hear(True, 'ok')
    stamps = 100.0 + np.arange(0.0, player.plan.duration + 0.1, 0.01)
    played = np.array([player.step(at(stamp)) for stamp in stamps])
    index = np.floor((stamps - 100.0) / DT + 1e-6).astype(int)
    index = index[index < len(player.plan.signal)]
    np.testing.assert_allclose(played[: len(index)], player.plan.signal[index], atol=1e-9)
    assert player.is_over and not player.failure and played[-1] == 0.0


@pytest.mark.parametrize('jump', [7.0, -7.0])
def test_plan_waits_for_a_plant_whose_stamps_jump(player, jump):
    player.hear(True, 'ok')
    for stamp in (100.0, 100.1, 100.2, 100.2 + jump, 100.3 + jump):
        player.step(at(stamp))
    assert not player.is_over
    assert player.elapsed == pytest.approx(0.3)


@pytest.mark.parametrize(
    ('disturb', 'reason'),
    [
        (lambda player: player.step(at(2.0, arm=1.95)), r'arm at \+1.95 rad after 0.2'),
        (lambda player: player.silence(3.0), 'no samples for 3'),
        (lambda player: player.meet(['policy_node']), 'policy_node commands the motor, too'),
        (lambda player: player.hear(False, 'arm beyond its limit'), 'off.*arm beyond its limit'),
    ],
)
def test_player_gives_up_for_a_named_reason_and_plays_no_more(player, disturb, reason):
    import re

    player.hear(True, 'ok')
    for stamp in np.arange(1.8, 2.0, 0.01):
        player.step(at(stamp))
    disturb(player)
    assert player.is_over and re.search(reason, player.failure)
    assert player.step(at(2.01)) == 0.0
