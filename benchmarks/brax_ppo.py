# SPDX-License-Identifier: Apache-2.0
"""Our environment for brax's PPO, and its PPO for `peers.py`."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def _on_one_device(tree: Any, devices: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], tree)


jax.device_put_replicated = _on_one_device  # gone from jax 0.10, still called by brax 0.14.2

from brax.envs.base import Env as BraxEnvironment  # noqa: E402
from brax.envs.base import State  # noqa: E402
from brax.training.agents.ppo import networks  # noqa: E402
from brax.training.agents.ppo import train as ppo  # noqa: E402

from furuta_rl.env import Env, EnvState, Transition  # noqa: E402

STEPS = 8_000_000  # control steps until brax ends by itself
EPOCH = 200_000  # control steps between two looks, or one rollout if that is longer

# Of brax's own notebook (notebooks/training.ipynb) for its smallest task, inverted_pendulum. Its
# networks are those of a GPU, 4 x 32 and 5 x 256.
ITS_OWN = {
    'unroll_length': 5,
    'batch_size': 1024,
    'num_minibatches': 32,
    'num_updates_per_batch': 4,
    'discounting': 0.97,
    'learning_rate': 3e-4,
    'entropy_cost': 1e-2,
    'reward_scaling': 10.0,
}
# The same as ours, where brax has a name for it.
AS_OURS = {
    'unroll_length': 16,
    'batch_size': 128,
    'num_minibatches': 8,
    'num_updates_per_batch': 4,
    'discounting': 0.97,
    'learning_rate': 3e-3,
    'entropy_cost': 1e-3,
    'clipping_epsilon': 0.2,
    'max_grad_norm': 1.0,
}
SMALL = {
    'policy_hidden_layer_sizes': (32, 32),
    'value_hidden_layer_sizes': (32, 32),
    'activation': jnp.tanh,
}
SEES = {'policy_obs_key': 'state', 'value_obs_key': 'privileged_state'}


class Wrapped(BraxEnvironment):
    """All robots of an `Env`, which resets them itself."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def reset(self, rng: jax.Array) -> State:
        """Start all robots, whatever the number of keys."""
        zero = jnp.zeros(self._env.batch_size)
        info = {name: zero for name in ('truncation', 'episode_done')} | {'episode_metrics': {}}
        state = self._env.reset(jax.random.wrap_key_data(rng[0]))
        return State(state, _observation(state), zero, zero, {'reward': zero}, info)

    def step(self, state: State, action: jax.Array) -> State:
        """One control step; where an episode ended the next one begins."""
        result: Transition
        after, result = self._env.step(state.pipeline_state, action)
        done = (result.terminated | result.truncated).astype(jnp.float32)
        truncation = result.truncated.astype(jnp.float32)
        return state.replace(
            pipeline_state=after,
            obs=_observation(after),
            reward=result.reward,
            done=done,
            info=state.info | {'truncation': truncation, 'episode_done': done},
        )

    @property
    def observation_size(self) -> dict[str, int]:
        """Of the policy and the critic."""
        return {'state': self._env.observation_size, 'privileged_state': self._env.privileged_size}

    @property
    def action_size(self) -> int:
        """Of an action."""
        return self._env.action_size

    @property
    def backend(self) -> str:
        """Of our environment, none of brax's."""
        return self._env.config.backend


class Controller:
    """A policy of brax, without noise, as our evaluation takes it."""

    def __init__(self, make_policy: Callable[..., Any], params: Any) -> None:
        policy = make_policy(params, deterministic=True)
        self._act = jax.jit(lambda seen: policy(seen, jax.random.PRNGKey(0))[0])

    def start(self, state: EnvState) -> None:
        """Nothing to remember."""

    def act(self, state: EnvState) -> jax.Array:
        """Actions (B, 1)."""
        return self._act(_observation(state))


def train(
    env: Env,
    seed: int,
    settings: dict[str, Any],
    sizes: dict[str, Any],
    look: Callable[[float, int, Any], None],
) -> None:
    """Train until `look(seconds, control steps, controller)` raises, or to the end."""
    rollout = settings['batch_size'] * settings['num_minibatches'] * settings['unroll_length']
    epochs = STEPS // max(EPOCH, rollout)
    durations: list[float] = []
    began = time.perf_counter()

    def shown(steps: int, make_policy: Callable[..., Any], params: Any) -> None:
        nonlocal began
        jax.block_until_ready(params)
        durations.append(time.perf_counter() - began)
        if len(durations) > 2:  # the first is no training, the second compiles
            look(sum(durations[2:]) + durations[2], steps, Controller(make_policy, params))
        began = time.perf_counter()

    ppo.train(
        environment=Wrapped(env),
        num_timesteps=STEPS,
        num_evals=epochs + 1,
        run_evals=False,
        num_envs=env.batch_size,
        num_eval_envs=env.batch_size,
        episode_length=env.episode_steps,
        wrap_env=False,
        normalize_observations=True,
        network_factory=functools.partial(networks.make_ppo_networks, **SEES, **sizes),
        max_devices_per_host=1,
        policy_params_fn=shown,
        seed=seed,
        **settings,
    )


def _observation(state: EnvState) -> dict[str, jax.Array]:
    return {'state': state.observation, 'privileged_state': state.privileged}
