# SPDX-License-Identifier: Apache-2.0
"""The board as its host meets it: the real core, one wire, two encoders turned by hand."""

import itertools
import math

import numpy as np
import pytest

from furuta_description.safety import Fault
from furuta_hardware import messages as m
from furuta_hardware.configuration import LOOP_PERIOD_US, differences, make_configuration
from furuta_hardware.golden import REJECTED
from furuta_hardware.messages import Flag, ResetReason, Result

FAR = 500  # [counts] of the arm, beyond its limit
REQUESTS = (
    m.Enable(9, 0),
    m.ClearFault(9),
    m.SetZero(9),
    m.SetRate(9, 500),
    m.QueryIdentity(9),
    m.QueryConfiguration(9),
    m.QueryCounters(9),
)


def result(bench, request):
    answers = [e for e in bench.run(1, request) if isinstance(e, m.Acknowledge)]
    assert [(a.request, a.type) for a in answers] == [(request.request, m.NUMBERS[type(request)])]
    return Result(answers[0].result)


def counters(bench):
    return next(e for e in bench.run(1, m.QueryCounters(0)) if isinstance(e, m.Counters))


def test_board_starts_with_the_motor_off_and_obeys_no_command(bench):
    assert bench.duties == [0.0], 'off before anything else'
    states = bench.hold(50, 5.0)
    assert set(bench.duties) == {0.0}
    assert not any(state.flags for state in states)


def test_motor_is_enabled_only_with_a_zero_pose(bench):
    assert result(bench, m.Enable(1, 1)) == Result.ZERO_NOT_SET
    assert result(bench, m.SetZero(2)) == Result.DONE
    assert result(bench, m.Enable(3, 1)) == Result.DONE
    bench.hold(20, 5.0)
    assert bench.voltage == pytest.approx(5.0)


@pytest.mark.parametrize('request_', REQUESTS, ids=lambda r: type(r).__name__)
def test_every_request_is_answered_once(bench, request_):
    answers = [e for e in bench.run(1, request_) if not isinstance(e, m.State)]
    assert [answer.request for answer in answers] == [9]


def test_request_with_a_value_that_is_none_is_refused(bench):
    bench.run(1, m.SetZero(1))
    assert result(bench, m.Enable(2, 2)) == Result.BAD_VALUE
    for rate_hz in (0, 300, 999, 1001, 2000, 65535):
        assert result(bench, m.SetRate(3, rate_hz)) == Result.BAD_VALUE
    assert counters(bench).frames_bad == 0


@pytest.mark.parametrize('rate_hz', [1000, 500, 100, 1])
def test_board_pushes_states_at_the_rate_it_was_told(bench, rate_hz):
    assert result(bench, m.SetRate(1, rate_hz)) == Result.DONE
    states = bench.states(2000)
    assert len(states) == 2 * rate_hz
    gaps = {b.time_us - a.time_us for a, b in itertools.pairwise(states)}
    assert gaps == {1_000_000 // rate_hz}
    assert {(b.sequence - a.sequence) for a, b in itertools.pairwise(states)} == {1}


def test_silent_host_means_zero_volts_after_the_time_out(bench):
    bench.enable()
    bench.hold(20, 5.0)
    timeout = round(bench.robot.safety.command_timeout * 1e6 / LOOP_PERIOD_US)
    bench.run(timeout)
    assert bench.voltage == pytest.approx(5.0)
    state = bench.states(2)[-1]
    assert bench.voltage == 0.0
    assert state.voltage == 0.0 and not state.flags & Flag.COMMAND_IS_LIVE
    assert counters(bench).command_timeouts == 1


def test_stuck_loop_means_zero_volts_in_its_first_step(bench):
    bench.enable()
    bench.hold(20, 5.0)
    bench.now += 200_000
    bench.run(1)
    assert bench.voltage == 0.0


def test_fault_switches_off_in_the_same_step_and_says_why(bench):
    bench.enable()
    bench.hold(20, 5.0)
    for _ in range(100):  # slowly: not the speed but the place is to be the fault
        bench.turned[0] += FAR // 100
        bench.hold(3, 5.0)
    assert bench.voltage == 0.0
    state = bench.states(1)[0]
    assert Fault(state.faults) == Fault.ARM_LIMIT and not state.flags & Flag.ENABLED
    assert result(bench, m.ClearFault(1)) == Result.FAULT_STILL_THERE
    assert result(bench, m.Enable(2, 1)) == Result.FAULT_LATCHED
    for _ in range(100):
        bench.turned[0] -= FAR // 100
        bench.run(3)
    assert result(bench, m.ClearFault(3)) == Result.DONE
    assert bench.hold(20, 5.0)[-1].voltage == 0.0, 'clearing must not enable'
    assert result(bench, m.Enable(4, 1)) == Result.DONE
    assert bench.hold(20, 5.0)[-1].voltage == pytest.approx(5.0)


def test_encoder_that_jumps_is_too_fast(bench):
    bench.enable()
    bench.turned[1] += 2000
    assert Fault(bench.states(3)[-1].faults) & Fault.PENDULUM_SPEED


def test_blocked_arm_is_let_go(bench):
    bench.enable()
    assert Fault(bench.hold(250, 8.0)[-1].faults) == Fault.STALL
    assert bench.voltage == 0.0
    assert result(bench, m.ClearFault(1)) == Result.DONE


def test_too_much_current_switches_off(bench):
    bench.enable()
    bench.hold(20, 5.0)
    bench.amperes = make_configuration(bench.robot).current_limit * 1.01
    bench.hold(2, 5.0)
    assert bench.voltage == 0.0
    assert Fault(bench.states(1)[0].faults) == Fault.CURRENT


def test_disabling_is_zero_volts_in_the_same_step_whatever_follows(bench):
    bench.enable()
    bench.hold(20, 5.0)
    bench.run(1, m.Enable(1, 0), m.Command(1, 5.0))
    assert bench.voltage == 0.0
    bench.hold(20, 5.0)
    assert bench.voltage == 0.0


def test_zero_pose_moves_the_counts_and_is_refused_while_enabled(bench):
    bench.turned = [37, -1200]
    bench.run(200)
    before = bench.states(2)[0]
    assert (before.arm_counts, before.pendulum_counts) == (37, -1200)
    bench.run(1, m.ClearFault(0))
    bench.enable()
    after = bench.states(1)[0]
    assert (after.arm_counts, after.pendulum_counts) == (0, 0)
    assert after.flags & Flag.ZERO_IS_SET
    assert result(bench, m.SetZero(1)) == Result.ENABLED


def test_state_echoes_the_newest_command_and_its_age(bench):
    bench.run(1, m.SetRate(1, 1000))
    first = bench.states(1)[0]
    assert (first.echo, first.command_age_us) == (0, 65535)
    states = bench.states(100, m.Command(4711, 1.0), m.Command(4712, 1.0))
    assert {state.echo for state in states} == {4712}
    assert [state.command_age_us for state in states[:3]] == [0, 1000, 2000]
    assert states[-1].command_age_us == 65535


def test_state_carries_the_voltage_that_led_to_its_sample(bench):
    bench.enable()
    duties = len(bench.duties)
    states = bench.hold(30, 10.0)
    supply = bench.robot.physics.motor.supply_voltage
    applied = [duty * supply for duty in bench.duties[duties - 1 : -1]]
    assert [state.voltage for state in states] == pytest.approx(applied)
    assert states[0].voltage == 0.0 and states[-1].voltage == 10.0


def test_voltage_of_a_slow_state_is_the_mean_since_the_one_before(bench):
    bench.enable(rate_hz=250)
    duties = len(bench.duties)
    states = bench.hold(19, 10.0)
    supply = bench.robot.physics.motor.supply_voltage
    applied = supply * np.array(bench.duties[duties - 2 : duties + 18]).reshape(-1, 4).mean(1)
    assert [state.voltage for state in states] == pytest.approx(applied)
    assert 0.0 < states[0].voltage < states[1].voltage < states[2].voltage == 10.0


def test_sample_that_is_not_measured_is_not_a_number(bench):
    assert math.isnan(bench.states(2)[0].current)
    bench.amperes = 1.5
    assert bench.states(2)[0].current == 1.5


def test_full_wire_drops_whole_states_and_counts_them(bench):
    bench.run(1, m.SetRate(1, 1000))
    before = bench.states(1)[0]
    bench.has_room = False
    assert bench.run(10) == []
    bench.has_room = True
    after = bench.states(1)[0]
    assert after.sequence - before.sequence == 11
    assert counters(bench).states_dropped == 10


def test_flood_is_worked_off_a_piece_a_step_and_the_newest_command_wins(bench):
    bench.enable()
    flood = [m.Command(i, 1.0) for i in range(1, 1000)]
    first = bench.states(1, *flood)[0]
    assert 0 < first.echo < 20, 'no host holds up the loop'
    assert bench.states(200)[-1].echo == 999


@pytest.mark.parametrize('golden', REJECTED, ids=lambda golden: golden.name)
def test_frame_that_is_no_message_is_counted_and_not_answered(bench, golden):
    answers = bench.run(2, m.Command(2, 1.0), junk=golden.frame)
    assert [answer for answer in answers if not isinstance(answer, m.State)] == []
    counted = counters(bench)
    is_other = golden.name == 'other_version'
    assert (counted.frames_bad, counted.frames_of_other_version) == (not is_other, is_other)
    assert counted.frames_received == 1


def test_message_of_another_board_is_counted_and_not_obeyed(bench):
    bench.run(1, m.State(*range(8), 0.0, 0.0, 0.0, 0.0))
    assert counters(bench).frames_bad == 1


def test_late_and_long_steps_are_counted(bench):
    for extra in (0, 490, 510, 5000):
        bench.now += extra
        bench.run(1)
    bench.step_duration_us = 100
    bench.run(1)
    counted = counters(bench)
    assert counted.late_steps == 2 and counted.steps == 6
    assert counted.longest_period_us == 6000
    assert counted.longest_step_us == 100


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
def test_board_says_who_it_is_and_what_it_was_built_with(make_bench, robot):
    bench = make_bench(robot)
    identity, configuration = bench.run(1, m.QueryIdentity(7), m.QueryConfiguration(8))
    assert identity.robot.rstrip(b'\0').decode() == robot
    assert (identity.request, identity.board_id) == (7, 42)
    assert identity.reset_reason == ResetReason.POWER_ON
    assert configuration == make_configuration(bench.robot, request=8)


def test_what_differs_from_the_robot_file_is_named_with_both_values(bench):
    configuration = bench.run(1, m.QueryConfiguration(0))[0]
    assert differences(configuration, bench.robot) == []
    other = bench.robot.with_values({'safety.voltage_limit': 8.0})
    assert differences(configuration, other) == ['voltage_limit: board 10, furuta.yaml 8']


def test_error_of_the_surroundings_comes_out_of_the_step(bench):
    def unplugged(size):
        raise OSError('unplugged')

    bench.receive = unplugged
    with pytest.raises(OSError, match='unplugged'):
        bench.run(1)
