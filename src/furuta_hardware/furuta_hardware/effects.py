# SPDX-License-Identifier: Apache-2.0
"""What real machines and hosts do that the robot file and the training know nothing of.

Each effect is off at 0, and then costs nothing. The sizes that are plausible stand where hidden
plants are drawn (hidden_plants.py); the play has a file of its own (play.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from furuta_description.robot import Motor


@dataclass(frozen=True)
class Effects:
    """Sizes of the effects, in SI."""

    backlash: float = 0.0
    """play between motor shaft and arm, from stop to stop [rad] at the arm; see play.py"""
    supply_resistance: float = 0.0
    """of the supply and its leads [ohm]: the voltage sags with the current that the motor takes"""
    cogging_torque: float = 0.0
    """amplitude of the torque ripple [N m] at the arm"""
    cogging_cycles: float = 10.0
    """cycles of it in a turn of the motor; of a brushed motor the least common multiple of slots
    and poles: 10 for 5 slots and 2 poles"""
    cogging_phase: float = 0.0
    """of the ripple [rad]; 0 = a detent in the zero pose"""
    stall_rate: float = 0.0
    """how often a loaded host holds up the bytes of both directions [1/s]"""
    stall_duration: float = 0.0
    """for how long on average, distributed exponentially [s]"""

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            ValueError: one is negative or no number; with its name.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or (value < 0 and field.name != 'cogging_phase'):
                raise ValueError(f'{field.name}: must be a number of at least 0, not {value}')


NONE = Effects()


def sagged_supply(motor: Motor, effects: Effects, duty: float, current: float) -> float:
    """Voltage of the supply [V] while the bridge passes on a part of it.

    A bridge that conducts for the share `duty` of the time takes |duty| x current from the supply
    on average. What a braking motor gives back is taken by the bridge's capacitors.

    Args:
        motor: of the machine.
        effects: of which the supply's resistance counts.
        duty: -1..1.
        current: of the motor [A], in the direction in which a positive duty drives it.
    """
    taken = max(0.0, duty * current)
    return max(0.0, motor.supply_voltage - effects.supply_resistance * taken)


def cogging(motor: Motor, effects: Effects, angle: float, velocity: float, dt: float) -> float:
    """Torque ripple at the arm [N m], the mean over a step that moves with this velocity.

    -A sin(n N angle + phase) with n cycles a turn and the gear ratio N; J. Holtz and L. Springob,
    "Identification and compensation of torque ripple in high-precision permanent magnet motor
    drives", IEEE Transactions on Industrial Electronics 43(2), 1996, section II. The mean makes
    a ripple faster than the steps vanish, instead of beating with them.

    Args:
        motor: of the machine.
        effects: of which those of the cogging count.
        angle: of the shaft, counted at the arm [rad].
        velocity: of the shaft, counted at the arm [rad/s].
        dt: length of the step [s].
    """
    cycles = effects.cogging_cycles * motor.gear_ratio
    half = 0.5 * cycles * velocity * dt
    fading = math.sin(half) / half if half else 1.0
    return (
        -effects.cogging_torque * fading * math.sin(cycles * angle + effects.cogging_phase + half)
    )
