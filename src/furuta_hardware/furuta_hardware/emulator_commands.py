# SPDX-License-Identifier: Apache-2.0
"""What can be done to an emulated robot while it runs: its faults, one line of text each.

    stall 0.5        nothing passes the line for half a second
    reverse motor    swap the motor's wires; again: swap them back

`./furuta emulator --help` shows all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace

from furuta_hardware.effects import Effects
from furuta_hardware.emulated_robot import EmulatedRobot
from furuta_hardware.messages import ResetReason


def state(robot: EmulatedRobot) -> str:
    """The truth about the machine, as JSON: angles, velocities, voltage, when it last had one."""
    motion = robot.machine.state
    return json.dumps(
        {
            'arm_angle': motion.arm_angle,
            'pendulum_angle': motion.pendulum_angle,
            'arm_velocity': motion.arm_velocity,
            'pendulum_velocity': motion.pendulum_velocity,
            'is_held': robot.machine.is_held,
            'voltage': robot.machine.voltage,
            'now_us': robot.now_us,
            'driven_us': robot.driven_us,
        }
    )


def flip(robot: EmulatedRobot, share: str) -> None:
    """A bit is wrong in this share of the bytes, both ways: `flip 0.001`."""
    robot.up.noise.flipped = robot.down.noise.flipped = _share(share)


def lose(robot: EmulatedRobot, share: str) -> None:
    """This share of the bytes is lost: `lose 0.001`."""
    robot.up.noise.lost = robot.down.noise.lost = _share(share)


def double(robot: EmulatedRobot, share: str) -> None:
    """This share of the bytes comes twice: `double 0.001`."""
    robot.up.noise.doubled = robot.down.noise.doubled = _share(share)


def stall(robot: EmulatedRobot, seconds: str) -> None:
    """Nothing passes the line for so long, then all of it at once: `stall 0.5`."""
    until = robot.now_us + float(seconds) * 1e6
    robot.up.stall(until)
    robot.down.stall(until)


def delay(robot: EmulatedRobot, seconds: str) -> None:
    """Each way takes so much longer: `delay 0.01`."""
    robot.up.timing.delay_us = robot.down.timing.delay_us = round(float(seconds) * 1e6)


def unplug(robot: EmulatedRobot) -> None:
    """Pull the plug: the port is gone, the board runs on."""
    robot.is_plugged = False
    robot.up.clear()
    robot.down.clear()


def plug(robot: EmulatedRobot) -> None:
    """Plug it in again."""
    robot.is_plugged = True


def brownout(robot: EmulatedRobot) -> None:
    """The supply breaks down for 50 ms and the board restarts."""
    robot.restart(ResetReason.BROWN_OUT)


def restart(robot: EmulatedRobot, reason: str) -> None:
    """It restarts because of power_on, watchdog or software: `restart power_on`."""
    reasons = {known.name.lower(): known for known in ResetReason}
    robot.restart(reasons[_one_of(reason, tuple(reasons))])


def glitch(robot: EmulatedRobot, joint: str, counts: str) -> None:
    """Disturbance on an encoder's wires: `glitch pendulum 300`."""
    name = f'{_one_of(joint, ("arm", "pendulum"))}_glitch'
    defects = robot.machine.defects
    setattr(defects, name, getattr(defects, name) + int(counts))


def reverse(robot: EmulatedRobot, part: str) -> None:
    """Swap two wires of arm (encoder), pendulum (encoder) or motor: `reverse arm`."""
    name = f'{_one_of(part, ("arm", "pendulum", "motor"))}_sign'
    defects = robot.machine.defects
    setattr(defects, name, -getattr(defects, name))


def stick(robot: EmulatedRobot, switch: str) -> None:
    """Hold the pendulum fast: `stick on`, `stick off`."""
    robot.machine.defects.is_stuck = _one_of(switch, ('on', 'off')) == 'on'


def cut(robot: EmulatedRobot, switch: str) -> None:
    """A wire of the motor is off: `cut on`, `cut off`."""
    robot.machine.defects.is_motor_off = _one_of(switch, ('on', 'off')) == 'on'


def heat(robot: EmulatedRobot, kelvin: str) -> None:
    """The motor is so much warmer than it was: `heat 60`."""
    robot.machine.defects.heat = float(kelvin)


def effect(robot: EmulatedRobot, name: str, size: str) -> None:
    """A size of effects.py, in SI: `effect backlash 0.02`, `effect supply_resistance 0.3`."""
    known = tuple(field.name for field in fields(Effects))
    size_of = {_one_of(name, known): float(size)}
    robot.take_effects(replace(robot.machine.effects, **size_of))


def place(robot: EmulatedRobot, arm_angle: str, pendulum_angle: str) -> None:
    """A hand takes the joints there and lets go [rad]: `place 0 0`."""
    robot.machine.place(float(arm_angle), float(pendulum_angle))


FUNCTIONS: tuple[Callable[..., str | None], ...] = (
    *(state, flip, lose, double, stall, delay, unplug, plug, brownout, glitch, reverse, stick),
    *(restart, cut, heat, effect, place),
)
COMMANDS = {function.__name__: function for function in FUNCTIONS}
HELP = '\n'.join(f'  {name:10} {function.__doc__}' for name, function in COMMANDS.items())


def obey(robot: EmulatedRobot, line: str) -> str:
    """Do what a line says; the answer, beginning with `error:` if it cannot be done."""
    name, *values = line.split() or ['']
    function = COMMANDS.get(name)
    if function is None:
        return f'error: no command {name!r}; there are:\n{HELP}'
    try:
        return function(robot, *values) or 'ok'
    except (TypeError, ValueError) as error:
        return f'error: {name}: {error}; {function.__doc__}'


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(f'{text} is no share, 0..1')
    return share


def _one_of(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f'{text!r} is none of {", ".join(choices)}')
    return text
