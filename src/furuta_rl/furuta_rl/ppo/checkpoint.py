# SPDX-License-Identifier: Apache-2.0
"""A training on disk: every leaf of its state in one .npz, bit by bit, without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from furuta_description.whole_file import write_whole

ABOUT = 'about'  # entry of what the caller wants to know before it restores
State = TypeVar('State')


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says which file and why."""


def save(path: Path, state: Any, about: Mapping[str, Any]) -> None:
    """Write a state, whole or not at all.

    Args:
        path: the .npz file.
        state: pytree of arrays and random keys.
        about: what JSON can hold, such as configuration and hashes.
    """
    leaves = {_name(keys): _to_numpy(leaf) for keys, leaf in _leaves(state)}
    about_bytes = np.frombuffer(json.dumps(about).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{ABOUT: about_bytes, **leaves})
    write_whole(path, content.getvalue())


def load_about(path: Path) -> dict[str, Any]:
    """Read what was said about a checkpoint.

    Raises:
        CheckpointError: not a whole checkpoint.
    """
    about: dict[str, Any] = json.loads(_read(path)[ABOUT].tobytes())
    return about


def load(path: Path, template: State) -> State:
    """Read a state.

    Args:
        path: the .npz file.
        template: pytree of the same structure, shapes and types; values do not matter.

    Raises:
        CheckpointError: not a whole checkpoint, or one of another kind of training.
    """
    stored = _read(path)
    del stored[ABOUT]
    expected = {_name(keys): leaf for keys, leaf in _leaves(template)}
    if stored.keys() != expected.keys():
        different = ', '.join(sorted(stored.keys() ^ expected.keys()))
        raise CheckpointError(f'{path}: of another kind of training; they differ in {different}')
    leaves = [_from_numpy(path, name, stored[name], leaf) for name, leaf in expected.items()]
    state: State = jax.tree.unflatten(jax.tree.structure(template), leaves)
    return state


def _read(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            entries = dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f'{path}: not a whole checkpoint: {error}') from error
    if ABOUT not in entries:
        raise CheckpointError(f'{path}: not a checkpoint: it has no entry {ABOUT!r}')
    return entries


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    leaves: list[tuple[Any, Any]] = jax.tree_util.tree_flatten_with_path(tree)[0]
    return leaves


def _name(keys: Any) -> str:
    return jax.tree_util.keystr(keys, simple=True, separator='.')


def _is_random_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _to_numpy(leaf: Any) -> np.ndarray[Any, Any]:
    return np.asarray(jax.random.key_data(leaf) if _is_random_key(leaf) else leaf)


def _from_numpy(path: Path, name: str, stored: np.ndarray[Any, Any], like: Any) -> jax.Array:
    shape, dtype = like.shape, like.dtype
    if _is_random_key(like):
        data = jax.eval_shape(jax.random.key_data, like)
        shape, dtype = data.shape, data.dtype
    if (stored.shape, stored.dtype) != (shape, dtype):
        raise CheckpointError(
            f'{path}: {name} is {stored.dtype}{stored.shape}; valid here: {dtype}{shape}'
        )
    leaf = jnp.asarray(stored)
    if _is_random_key(like):
        # The default implementation is that of `jax.random.key`, which made all keys here.
        key: jax.Array = jax.random.wrap_key_data(leaf)
        return key
    return leaf
