# SPDX-License-Identifier: Apache-2.0
"""skrl's agents by name, with the models each needs and defaults that suit the pendulum.

All there is in `skrl.agents.torch` for continuous actions that a Markov policy can take; the
others are named with the reason in `UNSUITABLE`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from skrl.agents.torch import Agent
from skrl.memories.torch import RandomMemory
from skrl.resources.noises.torch import GaussianNoise
from skrl.resources.preprocessors.torch import RunningStandardScaler

from furuta_rl.ppo.normalization import BOUND
from furuta_rl.skrl_trainer import settings
from furuta_rl.skrl_trainer.networks import (
    NORMALIZER_EPSILON,
    ActionValue,
    DeterministicPolicy,
    GaussianPolicy,
    SquashedPolicy,
    Value,
)
from furuta_rl.skrl_trainer.spaces import Spaces

REPLAYED = 400_000  # transitions that an agent with a replay memory keeps
UNSUITABLE = {
    'AMP': 'it needs recorded motions to imitate',
    'CEM': "skrl's takes discrete actions only",
    'DDQN': 'it takes discrete actions only',
    'DQN': 'it takes discrete actions only',
    'Q_LEARNING': 'it is for a finite number of states',
    'SARSA': 'it is for a finite number of states',
}


class Kind(NamedTuple):
    """What a family of agents needs."""

    models: Mapping[str, type]
    defaults: dict[str, Any]  # of its configuration, where skrl's suit the pendulum less
    replays: bool = False  # learns from a replay memory, not from the last rollout


_ON_POLICY: dict[str, type] = {'policy': GaussianPolicy, 'value': Value}
_CRITICS: dict[str, type] = {
    f'{target}critic_{i}': ActionValue for target in ('', 'target_') for i in (1, 2)
}
_ROLLOUT = {
    'rollouts': 16,
    'discount_factor': 0.97,
    'learning_rate': 3e-3,
    'time_limit_bootstrap': True,
}
_EPOCHS = _ROLLOUT | {'learning_epochs': 4, 'mini_batches': 8}
_CLIPPED = _EPOCHS | {'value_clip': 0.0, 'value_loss_scale': 0.5, 'grad_norm_clip': 1.0}
_REPLAY = {
    'gradient_steps': 4,
    'batch_size': 1024,
    'discount_factor': 0.97,
    'polyak': 0.01,
    'learning_starts': 32,
}
_NOISE = {
    'exploration_noise': GaussianNoise,
    'exploration_noise_kwargs': {'mean': 0.0, 'std': 0.3},
}
_SMOOTH = {
    'smooth_regularization_noise': GaussianNoise,
    'smooth_regularization_noise_kwargs': {'mean': 0.0, 'std': 0.2},
}
_TWIN = {'policy': DeterministicPolicy, 'target_policy': DeterministicPolicy, **_CRITICS}
_SINGLE = {
    'policy': DeterministicPolicy,
    'target_policy': DeterministicPolicy,
    'critic': ActionValue,
    'target_critic': ActionValue,
}
KINDS = {
    'PPO': Kind(_ON_POLICY, _CLIPPED),
    'SAC': Kind({'policy': SquashedPolicy, **_CRITICS}, _REPLAY, replays=True),
    'TD3': Kind(_TWIN, _REPLAY | _NOISE | _SMOOTH, replays=True),
    'DDPG': Kind(_SINGLE, _REPLAY | _NOISE, replays=True),
    'A2C': Kind(_ON_POLICY, _ROLLOUT | {'mini_batches': 1}),
    'RPO': Kind(_ON_POLICY, _CLIPPED | {'alpha': 0.1}),
    'TRPO': Kind(_ON_POLICY, _EPOCHS),
}


def find_kind(algorithm: str) -> Kind:
    """What an agent needs, by its name in skrl.

    Raises:
        ValueError: skrl has none of that name, or it does not suit.
    """
    if algorithm not in KINDS:
        reason = UNSUITABLE.get(algorithm, 'skrl has none of that name')
        raise ValueError(
            f'algorithm {algorithm!r} cannot be trained: {reason}; valid: {", ".join(KINDS)}'
        )
    return KINDS[algorithm]


def make_agent(
    algorithm: str, environment: Spaces, hidden: Sequence[int], chosen: Sequence[str]
) -> Agent:
    """Make an agent, ready to train.

    Args:
        algorithm: its name in skrl.
        environment: of B robots.
        hidden: tanh units in each hidden layer of all its networks.
        chosen: entries of its configuration as `name=value`.

    Raises:
        ValueError: the algorithm or an entry is not valid.
    """
    kind = find_kind(algorithm)
    module = importlib.import_module(f'skrl.agents.torch.{algorithm.lower()}')
    make, configuration = getattr(module, algorithm), getattr(module, f'{algorithm}_CFG')
    choices = kind.defaults | settings.parse(configuration, chosen)
    cfg = configuration(**choices | _preprocessors(configuration, environment))
    robots = environment.env.batch_size
    spaces = {
        'observation_space': environment.observation_space,
        'state_space': environment.state_space,
        'action_space': environment.action_space,
    }
    agent = make(
        cfg=cfg,
        models={name: model(environment, hidden) for name, model in kind.models.items()},
        memory=RandomMemory(
            memory_size=max(1, REPLAYED // robots) if kind.replays else cfg.rollouts,
            num_envs=robots,
            device=environment.device,
        ),
        device=environment.device,
        **spaces,
    )
    # Metrics, checkpoints and folders are those of the command, not skrl's.
    agent.write_interval = agent.checkpoint_interval = 0
    agent.init()
    agent.write_interval = sys.maxsize  # keeps figures, never writes them
    agent.enable_training_mode(True)
    return agent


def _preprocessors(configuration: type, environment: Spaces) -> dict[str, Any]:
    """Running normalization of whatever an agent normalizes."""

    def scaler(size: int, **choices: Any) -> tuple[type, dict[str, Any]]:
        return RunningStandardScaler, {'size': size, 'device': environment.device, **choices}

    env = environment.env
    bounded = {'epsilon': NORMALIZER_EPSILON, 'clip_threshold': BOUND}
    wanted = {
        'observation': scaler(env.observation_size, **bounded),
        'state': scaler(env.privileged_size, **bounded),
        'value': scaler(1),
    }
    result: dict[str, Any] = {}
    for name, (kind, choices) in wanted.items():
        if f'{name}_preprocessor' in settings.fields(configuration):
            result[f'{name}_preprocessor'] = kind
            result[f'{name}_preprocessor_kwargs'] = choices
    return result
