# SPDX-License-Identifier: Apache-2.0
"""Play between the motor shaft and the arm: backlash of a gear, or a loose hub on a direct drive.

Rotor, friction of the drive and the arm's encoder are on the shaft's side, the cable on the
arm's. Within the play nothing is passed on; beyond it a spring and a damper push, and never pull:
M. Nordin and P.-O. Gutman, "Controlling mechanical systems with backlash - a survey", Automatica
38(10), 2002, section 2. All angles are counted at the arm.
"""

from __future__ import annotations

from furuta_description import dynamics, motor, scalars
from furuta_description.dynamics import State
from furuta_description.robot import Physics

SUBSTEPS = 8  # of a physics step of 1 ms: 25 for a period of the contact
CONTACT_FREQUENCY = 2000.0  # [rad/s] numerical choice: the teeth give way by less than the play
CONTACT_DAMPING = 0.3  # of critical: a blow comes back with 0.37 of its speed, as greased teeth do


class LooseShaft:
    """Motor shaft that is loose against the arm."""

    def __init__(self, physics: Physics, play: float, state: State) -> None:
        """Begin in the middle of the play.

        Args:
            physics: of the machine.
            play: from stop to stop [rad].
            state: that the machine is in.

        Raises:
            ValueError: the motor has no rotor inertia; such a shaft cannot move by itself.
        """
        inertia = float(dynamics.reflected_rotor_inertia(physics))
        if inertia <= 0:
            raise ValueError(
                'backlash: the shaft needs an inertia of its own: give the robot a '
                'physics.motor.rotor_inertia above 0'
            )
        self._half, self._inertia = 0.5 * play, inertia
        self.angle = self.velocity = 0.0  # [rad, rad/s]
        light = physics._replace(motor=physics.motor._replace(rotor_inertia=0.0))
        self._arm = dynamics.make_coefficients(light)
        reduced = inertia * self._arm.arm / (inertia + self._arm.arm)
        self._stiffness: float = reduced * CONTACT_FREQUENCY**2
        self._damping: float = 2 * CONTACT_DAMPING * reduced * CONTACT_FREQUENCY
        self.follow(state)

    def follow(self, state: State) -> None:
        """Be where the arm is: somebody holds both."""
        self.angle, self.velocity = state.arm_angle, state.arm_velocity

    def step(
        self, physics: Physics, state: State, voltage: float, further: float, dt: float
    ) -> State:
        """One step of shaft, arm and pendulum; the new state of the two joints.

        Args:
            physics: of the machine, at its present temperature.
            state: of arm and pendulum, with the motor's current.
            voltage: at the motor [V].
            further: torque on the shaft besides motor and friction [N m].
            dt: length of the step [s].
        """
        drive_side = physics._replace(cable=physics.cable._replace(stiffness=0.0))
        for _ in range(SUBSTEPS):
            state = self._substep(drive_side, physics, state, (voltage, further), dt / SUBSTEPS)
        return state

    def _substep(
        self,
        drive_side: Physics,
        physics: Physics,
        state: State,
        input: tuple[float, float],
        dt: float,
    ) -> State:
        voltage, further = input
        shaft = state._replace(arm_angle=self.angle, arm_velocity=self.velocity)
        drive = motor.drive(drive_side, shaft, voltage, dt, scalars)
        contact = self._contact(state)
        pull = motor.cable_torque(physics.cable, state.arm_angle, scalars)
        arm, pendulum = dynamics.acceleration(
            self._arm, state, contact + pull, drive.pendulum_torque, scalars
        )
        self.velocity += dt * (drive.arm_torque + further - contact) / self._inertia
        self.angle += dt * self.velocity
        return dynamics.advance(state, arm, pendulum, drive.current, dt)

    def _contact(self, state: State) -> float:
        """Torque of the shaft on the arm [N m]."""
        lead = self.angle - state.arm_angle
        depth: float = abs(lead) - self._half
        if depth <= 0:
            return 0.0
        side = 1.0 if lead > 0 else -1.0
        closing: float = side * (self.velocity - state.arm_velocity)
        return side * max(0.0, self._stiffness * depth + self._damping * closing)
