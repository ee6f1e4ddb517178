# SPDX-License-Identifier: Apache-2.0
"""The environment for PyTorch: tensors in, tensors out, on any backend.

Arrays of JAX and tensors share their memory by DLPack where they share a device; the `mujoco`
backend is numpy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium
import jax
import numpy as np
import torch
from torch import Tensor

from furuta_rl.env import Env, EnvState

Array = Any  # numpy or jax array


class Outcome(NamedTuple):
    """What a control step brought, B first. The next episode may have begun since."""

    reward: Tensor  # (B, 1), a copy: agents add to it in place
    terminated: Tensor  # (B, 1) bool
    truncated: Tensor  # (B, 1) bool
    observation: Tensor  # (B, n) before any reset
    privileged: Tensor  # (B, m) before any reset


class TorchEnv:
    """B robots that keep their state between calls."""

    def __init__(self, env: Env, key: jax.Array) -> None:
        """Start the robots of `env`."""
        is_numpy = env.xp is np
        self.env = env
        self._step = env.step if is_numpy else jax.jit(env.step)
        self.state = self._bound(env.reset(key))
        self.device = torch.device('cpu' if is_numpy else _device_of(self.state.observation))
        self.observation_space = make_box(env.observation_size)
        self.state_space = make_box(env.privileged_size)
        self.action_space = make_box(env.action_size, 1.0)

    def compile(self) -> None:
        """Take now the time that the first control steps would take."""
        if self.env.xp is not np:
            action = torch.zeros(self.env.batch_size, self.env.action_size, device=self.device)
            self._step(self.state, self._to_array(action))

    @property
    def observation(self) -> Tensor:
        """What the policy sees now, (B, n)."""
        return self._to_tensor(self.state.observation)

    @property
    def privileged(self) -> Tensor:
        """What the critic sees now, (B, m)."""
        return self._to_tensor(self.state.privileged)

    def step(self, action: Tensor) -> Outcome:
        """One control step with `action` (B, 1); beyond -1..1 it is cut."""
        self.state, result = self._step(self.state, self._to_array(action))
        return Outcome(
            self._to_tensor(result.reward).float()[:, None].clone(),
            self._to_tensor(result.terminated)[:, None],
            self._to_tensor(result.truncated)[:, None],
            self._to_tensor(result.final_observation),
            self._to_tensor(result.final_privileged),
        )

    def save(self) -> list[Tensor]:
        """Everything that changes, but for what the backend can make again."""
        leaves = jax.tree.leaves(self.state._replace(model=None))
        return [torch.from_numpy(np.array(leaf)) for leaf in leaves]

    def restore(self, leaves: list[Tensor]) -> None:
        """Go on from what `save` gave."""
        xp, plants = self.env.xp, self.env.plants
        structure = jax.tree.structure(self.state._replace(model=None))
        state = jax.tree.unflatten(structure, [xp.asarray(leaf.numpy()) for leaf in leaves])
        self.state = self._bound(state._replace(model=plants.make_model(state.deviations)))

    def _bound(self, state: EnvState) -> EnvState:
        """The state bound to a device, as actions from torch are: one program serves all."""
        if self.env.xp is np:
            return state
        bound: EnvState = jax.device_put(state, jax.local_devices()[0])
        return bound

    def _to_tensor(self, array: Array) -> Tensor:
        tensor: Tensor = torch.from_dlpack(array).to(self.device)
        return tensor

    def _to_array(self, tensor: Tensor) -> Array:
        tensor = tensor.detach().contiguous()
        if self.env.xp is np:
            return tensor.cpu().numpy()
        return jax.numpy.from_dlpack(tensor)


def make_box(size: int, bound: float = np.inf) -> gymnasium.spaces.Box:
    """Numbers within +-bound, as gymnasium says it."""
    return gymnasium.spaces.Box(-bound, bound, (size,), np.float32)


def _device_of(array: Array) -> str:
    """PyTorch's name of the device that an array of JAX is on."""
    is_on_gpu = next(iter(array.devices())).platform == 'gpu'
    return 'cuda' if is_on_gpu and torch.cuda.is_available() else 'cpu'
