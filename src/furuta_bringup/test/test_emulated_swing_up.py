# SPDX-License-Identifier: Apache-2.0
"""Controllers at the emulated board with a serial line's delays, in the emulation's own time."""

import random

import pytest

from furuta_bringup.judge import Judge
from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.emulated_rig import EmulatedRig
from furuta_hardware.wire import Timing
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.policy_controller import PolicyController
from furuta_rl.schedule import Schedule
from furuta_rl.shipped import policy_file

SERIAL = Timing(baud_rate=921600, usb_frame_us=1000, jitter_us=50)
COMPUTATION_STEPS = 1  # from a sample at the host to its command on the wire, in ms
SECONDS = 10.0
SPREAD = 0.05  # [rad]


def classical(rig):
    controller = ClassicalController(rig.robot, ClassicalConfig())
    return ClassicalConfig.rate_hz, lambda stamp, r: controller.step(*r[2:6])


def policy(rig):
    controller = PolicyController(policy_file(rig.robot.name, ''), rig.robot)
    return controller.rate_hz, lambda stamp, r: controller.step(stamp, *r[2:4])


def swing_up(make, robot, seed, **options):
    rig = EmulatedRig(robot, timing=SERIAL, seed=seed, **options)
    draw = random.Random(seed)
    rig.emulated.put_by_hand(draw.uniform(-SPREAD, SPREAD), draw.uniform(-SPREAD, SPREAD))
    assert rig.ask(messages.Enable, 1) == ''
    rate_hz, step = make(rig)
    schedule, judge, on_their_way = Schedule(1 / rate_hz), Judge(), []
    for _ in range(round(SECONDS * 1e3)):
        if on_their_way and on_their_way[0][0] <= rig.now_ns:
            frame = rig.session.command(float(on_their_way.pop(0)[1]), rig.now_ns)
            rig.emulated.down.put(frame, rig.emulated.now_us)
        for reading in rig.step():
            stamp = reading.stamp_ns * 1e-9
            judge.add(stamp, reading.arm_angle, reading.pendulum_angle)
            if schedule.is_due(stamp):
                due_ns = rig.now_ns + COMPUTATION_STEPS * 1_000_000
                on_their_way.append((due_ns, step(stamp, reading)))
    return judge


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
@pytest.mark.parametrize('make', [classical, policy])
def test_pendulum_swings_up_and_is_held(make, robot):
    for seed in range(3):
        judge = swing_up(make, robot, seed)
        assert judge.upright_for > 5.0
        assert judge.time_to_upright < 5.0
        assert max(-judge.arm_min, judge.arm_max) < 2.1


def test_shipped_policy_holds_a_machine_that_is_not_quite_the_robot_file():
    hidden = load_robot('furuta').with_values(
        {
            'physics.pendulum.mass': 0.048,
            'physics.motor.resistance': 2.5,
            'physics.arm.friction.coulomb': 0.025,
            'physics.arm.friction.static': 0.03,
            'physics.cable.rest_angle': -0.2,
        }
    )
    judge = swing_up(policy, 'furuta', 0, hidden=hidden)
    assert judge.upright_for > 5.0
