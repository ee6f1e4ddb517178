# SPDX-License-Identifier: Apache-2.0
"""A policy, and the classical controller beside it, in all cells of a report."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import Progress

from furuta_description.presets import load_preset, to_ranges
from furuta_description.randomization import Ranges
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig
from furuta_rl.policy import PolicyCard
from furuta_rl.policy_controller import PolicyController
from furuta_rl.robustness.cells import Cell
from furuta_rl.robustness.findings import CLASSICAL, POLICY, Findings
from furuta_rl.robustness.options import ReportOptions
from furuta_rl.robustness.players import ClassicalPlayer, PolicyPlayer
from furuta_rl.robustness.sweep import Contender, Figures, sweep
from furuta_rl.shipped import policy_file
from furuta_rl.task import FollowTask, Task


class Contest:
    """Who is judged on what; knows nothing of printing but the progress."""

    def __init__(self, options: ReportOptions) -> None:
        """Load the robot and the policy.

        Raises:
            ValueError: one of them is not there, damaged, or they do not fit.
        """
        self._options, self._robot = options, load_robot(options.robot)
        self.file = policy_file(options.robot, str(options.policy or ''))
        player = PolicyController(self.file, self._robot)
        if options.baseline == CLASSICAL and isinstance(player.task, FollowTask):
            raise ValueError('the classical controller follows no target: give --baseline none')
        self._card = player.policy.card
        policy = PolicyPlayer(self.file)
        self.contenders = [Contender(POLICY, player.task, player.rate_hz, lambda _: policy)]
        if options.baseline == CLASSICAL:
            self.contenders.append(self._classical())

    def sweep(self, console: Console) -> Findings:
        """All cells of all contenders."""
        options, cells, start = self._options, self._options.plan.cells(), time.perf_counter()
        shown = console.is_terminal
        with Progress(console=console, transient=True, disable=not shown) as progress:

            def judge(contender: Contender) -> dict[Cell, Figures]:
                task = progress.add_task(contender.name, total=len(cells))
                return sweep(
                    *(contender, self._robot, cells, options.episodes, options.seed),
                    on_cell=lambda: progress.advance(task),
                )

            figures = {contender.name: judge(contender) for contender in self.contenders}
        return Findings(
            policy=self.file.name,
            robot=self._robot.name,
            robot_hash=self._robot.hash,
            git_hash=self._card.git_hash,
            training={k: v for k, v in self._card.training.items() if k != 'ranges'},
            ranges=trained_ranges(self._card, options.robot),
            plan=options.plan,
            episodes=options.episodes,
            seed=options.seed,
            seconds=time.perf_counter() - start,
            figures=figures,
        )

    def _classical(self) -> Contender:
        robot = self._robot
        task = Task(voltage_scale=robot.safety.voltage_limit)

        def make(longest_delay: float) -> ClassicalPlayer:
            return ClassicalPlayer(robot, task.voltage_scale, longest_delay)

        return Contender(CLASSICAL, task, ClassicalConfig.rate_hz, make)


def trained_ranges(card: PolicyCard, robot: str) -> Ranges | None:
    """What a policy was trained with, by its card; None if that does not say or is gone."""
    if 'ranges' in card.training:
        return to_ranges(card.training['ranges'])
    try:  # a card of before told the preset only
        return load_preset(str(card.training['randomization']), robot)
    except (KeyError, ValueError):
        return None
