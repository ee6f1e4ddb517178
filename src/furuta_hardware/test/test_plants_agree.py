# SPDX-License-Identifier: Apache-2.0
"""The board on the machine of the simulation reports what the simulated plant reports."""

import numpy as np
import pytest

from furuta_description import sensing
from furuta_description.robot import load_robot
from furuta_hardware.messages import Command, Enable, Flag, SetRate, SetZero
from furuta_sim.backends.mujoco import MujocoBackend
from furuta_sim.simulator import Simulator, Start


def voltage_of(step):
    """Pushes, a pause longer than the time-out, then too hard for too long."""
    if step < 600:
        return 8.0 * np.sign(np.sin(step / 40)) * (step % 7 > 0)
    if step < 800:
        return None
    return 3.0 * np.sin(step / 90) if step < 1500 else 25.0


@pytest.mark.parametrize('name', ['furuta', 'qube_servo_2'])
def test_board_and_simulated_plant_report_the_same_to_the_last_bit(make_bench, name):
    robot = load_robot(name).with_values({'timing.link_delay': 0.0})
    simulator = Simulator(robot, MujocoBackend(1e-3), Start(spread=0.0))
    bench = make_bench(name)
    counts = (robot.sensors.arm_counts, robot.sensors.pendulum_counts)
    resolutions = [sensing.make_tracker(n, 1.0, 1e-3).resolution for n in counts]
    requests = [SetZero(1), Enable(2, 1), SetRate(3, 1000)]
    seen = set()
    for step in range(3000):
        if step == 2900:  # a blow that makes the pendulum faster than it may be
            simulator.state = simulator.state._replace(pendulum_velocity=np.array([100.0]))
        voltage = voltage_of(step) if step > 10 else None
        angles = (simulator.state.arm_angle, simulator.state.pendulum_angle)
        bench.turned = [
            int(sensing.register(angle, n, np)[0]) for angle, n in zip(angles, counts, strict=True)
        ]
        before, state_before = simulator.measurement, simulator.report()
        commands = [] if voltage is None else [Command(step, voltage)]
        states = bench.states(1, *(requests if step == 0 else commands))
        if voltage is not None:
            simulator.command(voltage)
        simulator.advance()
        if step < 2:
            continue
        state = states[0]
        measured = (
            np.float32(state.arm_counts) * resolutions[0],
            np.float32(state.pendulum_counts) * resolutions[1],
            *(state.arm_velocity, state.pendulum_velocity, state.voltage),
        )
        assert measured == (*before[:4], before.voltage), f'step {step}'
        assert state.faults == state_before['faults']
        assert bool(state.flags & Flag.ENABLED) == state_before['enabled']
        seen.add((state.faults != 0, np.sign(state.voltage)))
    assert simulator.safety.timeouts == 1
    assert seen >= {(False, -1), (False, 0), (False, 1), (True, 0)}
