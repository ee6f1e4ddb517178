# SPDX-License-Identifier: Apache-2.0
"""What moves with a parameter, held against the equations."""

import numpy as np
import pytest

from furuta_description import dynamics
from furuta_description.robot import load_robot
from furuta_sysid import parameters as space
from furuta_sysid.priors import braking

ROBOT = load_robot('furuta')


def motion(robot, volts):
    k, state = dynamics.make_coefficients(robot.physics), dynamics.make_state(*np.zeros((4, 1)))
    angles = []
    for volt in volts:
        state = dynamics.step(robot.physics, k, state, np.array([volt]), 1e-3, np)
        angles.append(np.concatenate(state[:2]))
    return np.array(angles)


def with_found(values):
    names = ROBOT, space.free_parameters(ROBOT)
    found = {p.name: p.before for p in names[1]} | values
    values = np.array([found[p.name] for p in names[1]])
    return ROBOT.with_values(space.file_values(*names, values))


def test_pendulum_that_was_not_weighed_is_predicted_all_the_same():
    """Lighter by a quarter: all else is heavier by a third, and the motor has less resistance."""
    physics, part = ROBOT.physics, 0.75
    motor, arm, pivot = physics.motor, physics.arm, physics.pendulum.friction
    light = ROBOT.with_values(
        {
            'physics.pendulum.mass': part * physics.pendulum.mass,
            'physics.pendulum.inertia': [part * x for x in physics.pendulum.inertia],
        }
    )
    own = arm.inertia.zz + arm.mass * (arm.center_of_mass.x**2 + arm.center_of_mass.y**2)
    rotor = dynamics.reflected_rotor_inertia(physics)
    constant = motor.torque_constant / part
    damping = braking(motor, motor.torque_constant) + arm.friction.viscous
    lower = part * damping / braking(motor, motor.torque_constant)
    found = with_found(
        {
            'arm.mass': arm.mass * ((own + rotor) / part - rotor) / own,
            'arm.coulomb': arm.friction.coulomb / part,
            'arm.static': (arm.friction.static - arm.friction.coulomb) / part,
            'arm.viscous': (1 - 1 / lower) * braking(motor, constant),
            'pendulum.coulomb': pivot.coulomb / part,
            'pendulum.viscous': pivot.viscous / part,
            'motor.constant': constant,
            'cable_stiffness': physics.cable.stiffness / part,
        }
    )
    assert found.physics.arm.friction.viscous == 0
    assert found.physics.motor.resistance == pytest.approx(lower * motor.resistance)
    volts = 5 * np.sin(np.arange(1000) / 80)
    missed = [
        np.abs(motion(robot, volts) - motion(light, volts)).max() for robot in (found, ROBOT)
    ]
    assert missed[0] < 0.03 * missed[1]
