# SPDX-License-Identifier: Apache-2.0
"""Safety rules: each one alone, time passed in."""

import math

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_description.safety import Fault, Safety, fault_texts

LIMITS = load_robot('furuta').safety
STEP_US = 1000


class Bench:
    """A Safety on a clock of 1 ms, with a still pose unless told otherwise."""

    def __init__(self, enabled=True):
        self.safety = Safety(LIMITS, enabled)
        self.now = 0

    def run(self, steps, voltage=None, pose=(0.0, 0.0, 0.0)):
        applied = []
        for _ in range(steps):
            if voltage is not None:
                self.safety.command(voltage, self.now)
            applied.append(self.safety.update(self.now, *pose))
            self.now += STEP_US
        return applied


def test_command_arrives_at_the_motor():
    assert Bench().run(20, 5.0)[-1] == 5.0


def test_stale_command_becomes_zero_volts():
    bench = Bench()
    bench.run(20, 5.0)
    applied = bench.run(200)
    after = round(LIMITS.command_timeout * 1e6 / STEP_US)
    assert applied[after - 2] == 5.0
    assert applied[after] == 0.0
    assert bench.safety.timeouts == 1


def test_a_new_command_after_the_time_out_works_again():
    bench = Bench()
    bench.run(20, 5.0)
    bench.run(200)
    assert bench.run(20, 3.0)[-1] == 3.0


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf, 1e300])
def test_command_that_is_no_number_is_refused_and_counted(bad):
    bench = Bench()
    bench.run(20, 2.0)
    assert not bench.safety.command(bad, bench.now)
    assert bench.safety.refused == 1
    assert bench.run(1)[-1] == 2.0


def test_voltage_is_limited_and_counted():
    bench = Bench()
    assert bench.run(20, 50.0)[-1] == LIMITS.voltage_limit
    assert bench.safety.limited == 20


def test_voltage_changes_no_faster_than_the_slew_rate():
    applied = [0.0, *Bench().run(30, 10.0)]
    assert np.max(np.abs(np.diff(applied))) <= LIMITS.slew_rate * STEP_US * 1e-6 * 1.0001


def test_off_is_zero_at_once_whatever_arrives():
    bench = Bench()
    bench.run(20, 10.0)
    assert bench.safety.enable(False) == ''
    assert bench.run(50, 10.0) == [0.0] * 50


def test_commands_from_before_the_enabling_do_not_count():
    bench = Bench(enabled=False)
    bench.run(5, 8.0)
    bench.safety.enable(True)
    assert bench.run(5) == [0.0] * 5
    assert bench.run(20, 8.0)[-1] == 8.0


@pytest.mark.parametrize(
    ('pose', 'fault'),
    [
        ((LIMITS.arm_limit * 1.01, 0.0, 0.0), Fault.ARM_LIMIT),
        ((-LIMITS.arm_limit * 1.01, 0.0, 0.0), Fault.ARM_LIMIT),
        ((0.0, LIMITS.arm_speed_limit * 1.01, 0.0), Fault.ARM_SPEED),
        ((0.0, 0.0, -LIMITS.pendulum_speed_limit * 1.01), Fault.PENDULUM_SPEED),
        ((math.nan, 0.0, 0.0), Fault.MEASUREMENT),
        ((0.0, math.inf, 0.0), Fault.MEASUREMENT),
    ],
)
def test_fault_latches_the_motor_off_until_cleared_and_enabled(pose, fault):
    bench = Bench()
    bench.run(20, 5.0)
    assert bench.run(1, 5.0, pose) == [0.0]
    assert bench.safety.faults == fault
    assert bench.safety.clear_fault().startswith('still there')
    assert bench.run(20, 5.0) == [0.0] * 20
    assert bench.safety.enable(True).startswith('clear the fault first')
    assert bench.safety.clear_fault() == ''
    assert bench.run(20, 5.0) == [0.0] * 20, 'clearing must not enable'
    assert bench.safety.enable(True) == ''
    assert bench.run(20, 5.0)[-1] == 5.0


def test_arm_that_is_driven_hard_and_does_not_move_is_let_go():
    bench = Bench()
    hard = 0.6 * LIMITS.voltage_limit
    applied = bench.run(300, hard, (1.0, 0.0, 0.0))
    assert bench.safety.faults == Fault.STALL
    assert 200 < np.flatnonzero(applied)[-1] < 210
    assert bench.safety.clear_fault() == ''


@pytest.mark.parametrize('path', [lambda t: 1.0 * t, lambda t: 0.06 * np.sin(20 * t)])
def test_arm_that_moves_under_a_hard_drive_is_not_stalled(path):
    bench = Bench()
    for step in range(1000):
        bench.run(1, LIMITS.voltage_limit, (float(path(1e-3 * step)), 0.0, 0.0))
    assert bench.safety.faults == Fault.NONE


def test_arm_that_rests_under_a_weak_drive_is_not_stalled():
    bench = Bench()
    bench.run(1000, 0.4 * LIMITS.voltage_limit)
    assert bench.safety.faults == Fault.NONE


def test_every_fault_has_a_text():
    assert all(fault_texts(fault) for fault in Fault if fault)


def test_soft_stop_lets_the_arm_lean_inward_but_not_outward():
    between = 0.5 * (LIMITS.arm_soft_limit + LIMITS.arm_limit)
    assert Bench().run(20, 10.0, (between, 0.0, 0.0))[-1] == pytest.approx(0.0, abs=1e-5)
    assert Bench().run(20, 0.0, (LIMITS.arm_limit * 0.999, 0.0, 0.0))[-1] < -9.0
    assert Bench().run(20, -10.0, (between, 0.0, 0.0))[-1] == -10.0
    assert Bench().run(20, -10.0, (-between, 0.0, 0.0))[-1] == pytest.approx(0.0, abs=1e-5)


def test_arm_that_flies_outward_is_braked_before_the_soft_limit():
    speed = 20.0
    angle = LIMITS.arm_soft_limit - 0.3
    assert Bench().run(20, 10.0, (angle, speed, 0.0))[-1] < 0
    assert Bench().run(20, 10.0, (angle, -speed, 0.0))[-1] == 10.0


def test_soft_stop_is_the_same_on_both_sides():
    random = np.random.default_rng(0)
    for angle, speed, volts in random.uniform((-2.4, -30, -10), (2.4, 30, 10), (200, 3)):
        left = Bench().run(10, volts, (angle, speed, 0.0))[-1]
        right = Bench().run(10, -volts, (-angle, -speed, 0.0))[-1]
        assert left == pytest.approx(-right, abs=1e-5)


def test_random_life_never_exceeds_the_limits():
    random = np.random.default_rng(1)
    bench = Bench()
    last = 0.0
    for _ in range(5000):
        if random.random() < 0.02:
            bench.safety.enable(bool(random.integers(2)))
        if random.random() < 0.02:
            bench.safety.clear_fault()
        if random.random() < 0.5:
            bench.safety.command(
                random.choice([math.nan, math.inf, *random.normal(0, 20, 8)]), bench.now
            )
        applied = bench.run(1, None, random.normal(0, (1.0, 12.0, 12.0)))[0]
        assert abs(applied) <= LIMITS.voltage_limit
        assert applied == 0 or abs(applied - last) <= LIMITS.slew_rate * 1e-3 * 1.0001
        assert applied == 0 or (bench.safety.enabled and not bench.safety.faults)
        last = applied


def test_no_rounding_takes_the_voltage_beyond_its_limit():
    limit = np.float32(LIMITS.voltage_limit)
    random = np.random.default_rng(0)
    for before in random.uniform(-limit, 0, 2000).tolist():
        safety = Safety(LIMITS, enabled=True)
        for step, voltage in enumerate((before, before, float(limit))):
            safety.command(voltage, step * 50_000)
            applied = safety.update(step * 50_000, 0.0, 0.0, 0.0)
        assert abs(applied) <= limit
