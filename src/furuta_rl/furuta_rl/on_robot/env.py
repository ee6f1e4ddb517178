# SPDX-License-Identifier: Apache-2.0
"""One robot's episodes, sample by sample: back to rest, cool down, let the controller act, record.

Sans-IO: samples in, volts out. What goes wrong with the plant costs the episode, not the session:
a gap in the samples makes it void and it is done again, a motor that switches off ends it.
"""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from furuta_description.dynamics import State
from furuta_description.robot import Robot
from furuta_rl.on_robot.limits import RESTART_LOAD, MotorHeat, OffWatch, RobotLimits
from furuta_rl.on_robot.players import Player, Reading
from furuta_rl.on_robot.recording import Order, Recording
from furuta_rl.on_robot.rest import Rest

MOST_VOID = 10  # episodes in a row that gaps in the samples may cost


class Phase(Enum):
    """What the robot does."""

    RESTING = 'returning to rest'
    COOLING = 'letting the motor cool'
    PLAYING = 'episode'
    READY = 'at rest'
    OFF = 'motor off'


class RobotEnv:
    """Episodes on one robot; `step` it once per control period."""

    def __init__(self, robot: Robot, player: Player, period: float, limits: RobotLimits) -> None:
        """Nothing is asked for yet, nor is the motor known to be on: see `switched_on`.

        Args:
            robot: its nominal numbers.
            player: who acts in the episodes.
            period: of the control steps [s].
            limits: what the robot is spared.
        """
        self.phase = Phase.OFF
        self.heat = MotorHeat(robot, limits)
        self.problem = ''  # why there will be no further episode
        self.void = 0  # episodes in a row that were cut by gaps
        self._player, self._period, self._limits = player, period, limits
        self._rest, self._watch = Rest(robot), OffWatch()
        self._order: Order | None = None
        self._last: Order | None = None
        self._done: Recording | None = None
        self._before: Reading | None = None
        self._commanded = 0.0
        self._resting_since: float | None = None
        self._tape = _Tape()

    def begin(self, order: Order) -> None:
        """Ask for an episode; it starts once the robot is at rest and cool enough."""
        self._order = self._last = order
        self._resting_since = None

    def take(self) -> Recording | None:
        """The episode that was asked for, once it is over."""
        done, self._done = self._done, None
        return done

    def step(self, reading: Reading, missed: int = 0) -> float:
        """Voltage for a sample [V]; `missed` control steps came before it too late or never."""
        if not all(map(math.isfinite, reading[:6])):
            return self._command(0.0)
        if self._before is not None:
            elapsed = max(reading.stamp - self._before.stamp, 0.0)
            self.heat.update(elapsed, reading.applied, reading.arm_velocity, reading.current)
        self._before = reading
        if self._watch.is_off(reading.stamp, self._commanded, reading.applied):
            self.switched_off('the plant applies 0 V')
        if self.phase is Phase.PLAYING:
            return self._command(self._play(reading, missed))
        if self.phase is Phase.OFF or self.problem:
            return self._command(0.0)
        return self._command(self._return(reading))

    def gap(self) -> None:
        """The samples stopped for a while, or the plant was set elsewhere."""
        self._resting_since = None
        self._before = None
        self._rest.forget()
        if self.phase is Phase.PLAYING:
            self.phase = Phase.RESTING
            self._count_void()

    def retry(self) -> None:
        """The motor had not been off after all, its commands only came late: once more."""
        self._order = self._last
        self._count_void()

    def switched_off(self, why: str) -> None:
        """The motor is off; an episode under way ends by that."""
        if self.phase is Phase.PLAYING:
            self._tape.cut_unpowered()
            self._finish('fault', why)
        self.phase = Phase.OFF

    def switched_on(self) -> None:
        """The motor may be used, or used again."""
        if self.phase is Phase.OFF:
            self.phase = Phase.RESTING
            self._resting_since = None
            self._watch = OffWatch()
            self._commanded = 0.0

    def _count_void(self) -> None:
        self.void += 1
        if self.void >= MOST_VOID:
            self.problem = (
                f'{self.void} episodes in a row had gaps in the joint states or the commands: the '
                'plant or this machine stands still now and then (see its diagnostics)'
            )

    def _command(self, voltage: float) -> float:
        self._commanded = voltage if math.isfinite(voltage) else 0.0
        return self._commanded

    def _return(self, reading: Reading) -> float:
        state = State(*reading[1:5], 0.0)
        if not self._rest.has_come(reading.stamp, state):
            self.phase = Phase.RESTING
            if self._resting_since is None:
                self._resting_since = reading.stamp
            if reading.stamp - self._resting_since > self._limits.rest_seconds:
                self.problem = (
                    f'the robot does not come to rest within {self._limits.rest_seconds:g} s: arm '
                    f'at {reading.arm_angle:.2f} rad, pendulum at {reading.pendulum_angle:.2f} '
                    'rad; is its zero pose right (./furuta selftest), does anything hold it?'
                )
            return self._rest.voltage(state)
        self._resting_since = None
        if self._order is None:
            self.phase = Phase.READY
        elif self.heat.load > RESTART_LOAD:
            self.phase = Phase.COOLING
        else:
            self.phase = Phase.PLAYING
            self._tape = _Tape()
            self._player.start(self._order)
            return self._play(reading, 0)
        return 0.0

    def _play(self, reading: Reading, missed: int) -> float:
        assert self._order is not None  # no episode begins without
        tape, order = self._tape, self._order
        tape.missed += missed
        voltage = self._player.step(reading)
        tape.rows.append(reading)
        tape.observations.append(np.array(self._player.observation))
        ending = ''
        if not abs(reading.arm_angle) <= order.arm_limit:
            ending = 'arm'
        elif reading.stamp - tape.rows[0].stamp > order.duration - 0.5 * self._period:
            ending = 'time'
        elif self.heat.load > 1.0:
            ending = 'hot'
        if ending:
            self._finish(ending, '')
            return 0.0
        voltage = voltage if math.isfinite(voltage) else 0.0
        tape.actions.append(self._player.action)
        tape.voltages.append(voltage)
        return voltage

    def _finish(self, ending: str, problem: str) -> None:
        self._done = self._tape.recording(ending, problem, self.heat.load)
        self._order = None
        if ending != 'fault':
            self.void = 0
        self.phase = Phase.RESTING
        self._rest.forget()


class _Tape:
    """What is recorded of the episode under way."""

    def __init__(self) -> None:
        self.rows: list[Reading] = []
        self.observations: list[np.ndarray] = []
        self.actions: list[float] = []
        self.voltages: list[float] = []
        self.missed = 0

    def cut_unpowered(self) -> None:
        """Drop the steps at the end through which the motor was off already."""
        while len(self.rows) > 2 and self.rows[-1].applied == 0.0:
            for column in (self.rows, self.observations, self.actions, self.voltages):
                column.pop()
        for column in (self.actions, self.voltages):
            del column[len(self.rows) - 1 :]

    def recording(self, ending: str, problem: str, heat: float) -> Recording:
        columns = np.array(self.rows, np.float64).reshape(-1, len(Reading._fields)).T
        return Recording(
            **dict(zip(Reading._fields, columns, strict=True)),
            observation=np.array(self.observations, np.float32),
            action=np.array(self.actions, np.float32),
            voltage=np.array(self.voltages, np.float64),
            ending=ending,
            problem=problem,
            heat=heat,
            missed=self.missed,
        )
