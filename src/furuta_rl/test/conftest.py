# SPDX-License-Identifier: Apache-2.0
"""A simulated plant that does episodes in lockstep, as a robot does them over topics."""

import math

import pytest

from furuta_description.robot import load_robot
from furuta_rl.on_robot.env import Phase, RobotEnv
from furuta_rl.on_robot.limits import RobotLimits
from furuta_rl.on_robot.players import EXPLORER, Reading, make_cast, make_explorer
from furuta_sim.backends.mujoco import MujocoBackend
from furuta_sim.simulator import Simulator, Start


class Lockstep:
    """Stands where a `RobotClient` does; every episode begins with the same plant."""

    is_time_up = False

    def __init__(self, settings, limits=None, say=None):
        self.robot = load_robot(settings['robot'])
        self._settings, self._limits = settings, limits or RobotLimits()
        self.samples = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def make(self, start=None):
        s = self._settings
        if s['controller'] == EXPLORER:
            cast = make_explorer(self.robot, s['task'], s['rate_hz'])
        else:
            cast = make_cast(self.robot, s['controller'], s['policy'])
        self.env = RobotEnv(self.robot, cast.player, 1 / cast.rate_hz, self._limits)
        self.env.switched_on()
        self.simulator = Simulator(self.robot, MujocoBackend(0.001), start or Start())
        self._substeps = round(1000 / cast.rate_hz)

    def order(self, order):
        self.make()
        self.env.begin(order)

    def wait(self, is_stopped=lambda: False):
        while not is_stopped():
            self.tick()
            if done := self.env.take():
                return done
            assert not self.env.problem, self.env.problem
        return None

    def tick(self):
        """One control step; its voltage."""
        voltage = self.env.step(self.reading)
        self.simulator.command(voltage)
        for _ in range(self._substeps):
            self.simulator.advance()
        if self.env.phase is Phase.OFF and self.simulator.safety.faults:
            self.simulator.safety.clear_fault()
            self.simulator.safety.enable(True)
            self.env.switched_on()
        return voltage

    @property
    def reading(self):
        m = self.simulator.measurement
        return Reading(self.simulator.time_us * 1e-6, *m[:4], m.voltage, math.nan)


@pytest.fixture
def lockstep():
    """The class."""
    return Lockstep
