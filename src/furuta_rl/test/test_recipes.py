# SPDX-License-Identifier: Apache-2.0
"""Recipes fit together, and the one for the default randomization does what it is for."""

import pytest

from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot
from furuta_rl import evaluation
from furuta_rl.controllers import TrainedController
from furuta_rl.env import Env
from furuta_rl.ppo.trainer import Trainer
from furuta_rl.recipes import make_recipe
from furuta_rl.task import TASKS


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('preset', PRESETS)
def test_every_recipe_can_be_trained(task: str, preset: str) -> None:
    recipe = make_recipe(task, preset)
    env = Env(load_robot('furuta'), recipe.task, PRESETS[preset], recipe.env, recipe.robots)
    state = Trainer(env, recipe.ppo).template(1)
    assert state.environment.observation.shape == (1, recipe.robots, recipe.task.observation_size)


@pytest.mark.slow
@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
def test_two_rounds_swing_up_nearly_all_held_out_robots(robot: str) -> None:
    recipe, nominal = make_recipe('swing_up', 'default'), load_robot(robot)
    ranges = PRESETS['default']
    trainer = Trainer(Env(nominal, recipe.task, ranges, recipe.env, recipe.robots), recipe.ppo)
    state, _ = trainer.train(trainer.start([0]), 2 * recipe.ppo.iterations)
    controller = TrainedController(trainer.policy(state, 0))
    episodes = evaluation.evaluate(controller, nominal, recipe.task, ranges, recipe.env, 500)
    assert episodes.success.mean() > 0.97
