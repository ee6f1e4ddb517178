# SPDX-License-Identifier: Apache-2.0
"""`furuta evaluate --backend robot`: the same contest on the one robot that answers on the topics.

The same criterion and figures as in simulation, judged by what was measured: nobody knows the
true state here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, SpinnerColumn

from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot
from furuta_rl.criterion import ARM_LIMIT, EPISODE
from furuta_rl.env import EnvConfig
from furuta_rl.episodes import Episodes
from furuta_rl.evaluating.contest import longest_step
from furuta_rl.evaluating.options import EvaluateOptions
from furuta_rl.evaluating.robot_judge import judge, on_grid
from furuta_rl.evaluating.traces import Traces
from furuta_rl.on_robot.client import RobotClient, RobotError
from furuta_rl.on_robot.players import make_cast
from furuta_rl.on_robot.recording import Order, Recording
from furuta_rl.shipped import policy_file


class RobotContest:
    """A controller on the robot; see `contest.Contest`."""

    def __init__(self, options: EvaluateOptions, console: Console) -> None:
        """Load the robot's numbers and the controller; the plant is not asked yet.

        Raises:
            ValueError: one of them is not there, damaged, or they do not fit.
        """
        self.options, self.ranges = options, PRESETS['none']
        self._console = console
        self.robot = load_robot(options.robot)
        policy, self.name = '', 'classical controller'
        if options.controller == 'policy':
            policy = str(policy_file(options.robot, str(options.policy or '')))
            self.name = policy
        cast = make_cast(self.robot, options.controller, policy)
        if cast.task.target_span:
            raise ValueError(f'{policy}: --backend robot takes no policy of the task follow')
        self.config = EnvConfig('robot', cast.rate_hz, longest_step(cast.rate_hz))
        self.total = options.count
        self.recordings: list[Recording] = []
        self._settings = {
            'robot': str(self.robot.file),
            'controller': options.controller,
            'policy': policy,
        }

    @property
    def conditions(self) -> str:
        """What the episodes were like, for a title."""
        late = sum(recording.missed for recording in self.recordings)
        heat = max((recording.heat for recording in self.recordings), default=math.nan)
        return f'measured; {late} control steps missed, motor heat at most {heat:.2f}'

    def evaluate(self) -> Episodes:
        """All episodes, or those until the robot's time is up.

        Raises:
            RobotError: the robot does none, or no further one.
        """
        columns = (SpinnerColumn(), *Progress.get_default_columns())
        shown = self._console.is_terminal
        with Progress(*columns, console=self._console, transient=True, disable=not shown) as bar:
            task = bar.add_task('robot', total=self.total)

            def say(text: str) -> None:
                bar.update(task, description=text)
                if not shown and text.startswith('motor off'):
                    self._console.print(text)

            with RobotClient(self._settings, self.options.limits, say) as robot:
                while len(self.recordings) < self.total and not robot.is_time_up:
                    robot.order(Order(EPISODE, ARM_LIMIT))
                    recording = robot.wait()
                    assert recording is not None  # nobody stops it
                    self.recordings.append(recording)
                    self._report_fault(recording)
                    bar.advance(task)
        if not self.recordings:
            raise RobotError('--robot-minutes were up before the first episode')
        return judge(self.recordings, self.config.period, self.robot)

    def solvable(self) -> NDArray[Any]:
        """Nobody knows.

        Raises:
            ValueError: always.
        """
        raise ValueError('--judge needs to know the true parameters: not with --backend robot')

    def trace(self, robots: NDArray[Any]) -> Traces:
        """What was measured in some of the episodes."""
        period = self.config.period
        steps = round(EPISODE / period)
        columns = np.array([on_grid(self.recordings[i], steps, period) for i in robots])
        arm, pendulum, voltage = np.moveaxis(columns, (0, 2), (2, 0))
        pendulum = np.remainder(pendulum, 2 * math.pi) - math.pi
        return Traces(period * np.arange(1, steps + 1), arm, pendulum, voltage)

    @property
    def first(self) -> slice:
        """All episodes can be traced."""
        return slice(None)

    def _report_fault(self, recording: Recording) -> None:
        if recording.ending == 'fault':
            number = len(self.recordings)
            self._console.print(f'episode {number} ended by a fault: {recording.problem}')
