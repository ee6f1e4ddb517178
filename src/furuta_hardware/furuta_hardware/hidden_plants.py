# SPDX-License-Identifier: Apache-2.0
"""Plants that nobody has seen: robots drawn as wide as the preset `wide`, with effects.

Everything is as far off as training at `wide` has it, but for the supply: there its voltage only
cuts commands, here it scales them too, since a board does not measure it. Beyond that each machine
has every one of the effects that training did not have, between none and what a machine that was
built to balance may have:

    supply_voltage     within 15 %: an adapter keeps to 5 %, a battery of three lithium cells goes
                       from 12.6 down to 9.9 V
    backlash           to 2 degrees, the low end of the 1 to 7 that small gearheads have (MicroMo,
                       "Precision Gearhead Application Considerations"); a hub on a direct drive
                       far less: to 0.3 (assumed)
    supply_resistance  to 0.3 ohm: 5 % of 12 V at 5 A is usual for the adapter, as much again for
                       its cable (GlobTek, "Output Cable Regulation Calculator"), and the leads
    cogging_torque     to 2 % of the stall torque: more is felt by hand as detents (assumed)
    cable              stiffness to 2 % of the stall torque a radian, rest anywhere within +-0.5
                       rad, softening to 3 rad^-2, as a QUBE-Servo's gives way (ARCHITECTURE.md)
    stalls of the host to 3 a second, of 4 ms on average: a desktop under load without real-time
                       priority (assumed; the longest of 10 s is then about 15 ms)

The delay, from sample to torque, is at most 38 ms with the line's own 4 ms, as at `wide`. Frames
of USB come every millisecond in any case: the emulator's line has them.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from furuta_description.drawn_robot import values_of
from furuta_description.files import CONFIG_DIR
from furuta_description.randomization import PRESETS, count_spreads, draw
from furuta_description.robot import Motor, Physics, Robot
from furuta_hardware.effects import Effects
from furuta_hardware.plant_file import Plant

SUPPLY = 0.15  # relative spread
_WIDE = PRESETS['wide']
RANGES = replace(_WIDE, motor=replace(_WIDE.motor, supply_voltage=SUPPLY))
LINE_DELAY = 0.004  # [s] of line, host and board; round trip of 3.4 ms in diagnostics, 2026-11
GEARED_BACKLASH = math.radians(2.0)  # [rad]
DIRECT_BACKLASH = math.radians(0.3)  # [rad]
SUPPLY_RESISTANCE = 0.3  # [ohm]
COGGING = 0.02  # of the stall torque
CABLE = 0.02  # 1/rad, of the stall torque
CABLE_REST = 0.5  # [rad]
CABLE_SOFTENING = 3.0  # [1/rad^2]
STALL_RATE = 3.0  # [1/s]
STALL_DURATION = 0.004  # [s]


def draw_plants(robot: Robot, seed: int, count: int) -> list[Plant]:
    """The first `count` plants of this seed; a longer series begins with the same ones."""
    return [_draw_plant(robot, np.random.default_rng((seed, number))) for number in range(count)]


def _draw_plant(robot: Robot, random: np.random.Generator) -> Plant:
    deviations = random.uniform(-1, 1, (1, count_spreads(RANGES)))
    physics = draw(robot.physics, RANGES, deviations)
    values = values_of(physics)
    values |= _draw_cable(robot, random)
    late = random.uniform(0, RANGES.delay[1] - LINE_DELAY)
    values['timing.link_delay'] = robot.timing.link_delay + late
    # The board's own limits are the known robot's; this one only has to fit the drawn supply.
    supply = values['physics.motor.supply_voltage']
    values['safety.voltage_limit'] = min(robot.safety.voltage_limit, supply)
    seed = int(random.integers(2**31))
    known = robot.name if robot.file.parent == CONFIG_DIR.resolve() else str(robot.file)
    return Plant(known, values, _draw_effects(robot.physics, random), seed)


def _draw_cable(robot: Robot, random: np.random.Generator) -> dict[str, float]:
    return {
        'physics.cable.stiffness': random.uniform(0, CABLE) * _stall_torque(robot.physics.motor),
        'physics.cable.rest_angle': random.uniform(-CABLE_REST, CABLE_REST),
        'physics.cable.softening': random.uniform(0, CABLE_SOFTENING),
    }


def _draw_effects(physics: Physics, random: np.random.Generator) -> Effects:
    is_direct = physics.motor.gear_ratio == 1
    return Effects(
        backlash=random.uniform(0, DIRECT_BACKLASH if is_direct else GEARED_BACKLASH),
        supply_resistance=random.uniform(0, SUPPLY_RESISTANCE),
        cogging_torque=random.uniform(0, COGGING) * _stall_torque(physics.motor),
        cogging_phase=random.uniform(0, math.tau),
        stall_rate=random.uniform(0, STALL_RATE),
        stall_duration=random.uniform(0, STALL_DURATION),
    )


def _stall_torque(motor: Motor) -> float:
    """At the arm, of an ideal gear [N m]."""
    return motor.torque_constant * motor.gear_ratio * motor.supply_voltage / motor.resistance
