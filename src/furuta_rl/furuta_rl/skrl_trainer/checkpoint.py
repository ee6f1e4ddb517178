# SPDX-License-Identifier: Apache-2.0
"""A training of skrl on disk: with it, another process goes on with the same bits.

skrl's own checkpoints lack the schedulers, SAC's entropy coefficient, the replay memory, the
random state and the environment.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from skrl.agents.torch import Agent

from furuta_description.whole_file import write_whole
from furuta_rl.ppo.checkpoint import CheckpointError
from furuta_rl.skrl_trainer.agents import find_kind

# What agents count and carry along outside of their parts.
_CARRIED = ('_rollout', '_update_counter', '_entropy_coefficient', 'log_entropy_coefficient')


def save(path: Path, saved: Mapping[str, Any]) -> None:
    """Write tensors and numbers, whole or not at all."""
    content = io.BytesIO()
    torch.save(saved, content)
    write_whole(path, content.getvalue())


def load(path: Path) -> dict[str, Any]:
    """Read what `save` wrote.

    Raises:
        CheckpointError: not a whole checkpoint.
    """
    try:
        saved: dict[str, Any] = torch.load(path, weights_only=True)
        return saved
    except Exception as error:  # whatever damaged bytes can lead to
        raise CheckpointError(f'{path}: not a whole checkpoint: {error}') from error


def agent_state(agent: Agent) -> dict[str, Any]:
    """Everything that changes in an agent, and PyTorch's random state."""
    memory = agent.memory
    is_replaying = find_kind(type(agent).__name__).replays
    names = memory.get_tensor_names() if is_replaying else []
    return {
        'random': torch.get_rng_state(),
        'parts': {name: part.state_dict() for name, part in _parts(agent).items()},
        'carried': {name: getattr(agent, name) for name in _CARRIED if hasattr(agent, name)},
        'memory': {name: memory.get_tensor_by_name(name)[: _filled(memory)] for name in names},
        'memory_index': memory.memory_index,
        'memory_filled': memory.filled,
    }


def restore_agent(agent: Agent, saved: Mapping[str, Any]) -> None:
    """Go on from what `agent_state` gave."""
    memory = agent.memory
    for name, part in _parts(agent).items():
        part.load_state_dict(saved['parts'][name])
    for name, value in saved['carried'].items():
        if getattr(getattr(agent, name), 'requires_grad', False):
            getattr(agent, name).data.copy_(value)  # its optimizer holds on to the tensor
        else:
            setattr(agent, name, value)
    for name, tensor in saved['memory'].items():
        memory.get_tensor_by_name(name)[: len(tensor)] = tensor
    memory.memory_index, memory.filled = saved['memory_index'], saved['memory_filled']
    torch.set_rng_state(saved['random'])


def _parts(agent: Agent) -> dict[str, Any]:
    """Models, optimizers, schedulers and preprocessors of an agent."""
    parts = {f'model {name}': model for name, model in agent.models.items()}
    return parts | {
        name: part
        for name, part in vars(agent).items()
        if hasattr(part, 'load_state_dict') and part not in agent.models.values()
    }


def _filled(memory: Any) -> int:
    """Rows of a memory that hold something."""
    rows: int = memory.memory_size if memory.filled else memory.memory_index
    return rows
