# SPDX-License-Identifier: Apache-2.0
"""Random numbers as a pure function of a key, the same in numpy and in JAX.

One key a robot, so that a robot's numbers depend neither on the batch nor on the backend, and
cheap enough to draw many a control step. The words come from `pcg3d`: M. Jarzynski and M. Olano,
"Hash Functions for GPU Rendering", Journal of Computer Graphics Techniques 9(3), 2020.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # numpy or jax array


def make_keys(seed: Array, count: int, xp: Any) -> Array:
    """One key for each of `count` robots, (count, 2) uint32, from a seed (2,) uint32."""
    robots = xp.arange(count, dtype=np.uint32)
    return xp.stack(_pcg3d(robots, seed[0] + 0 * robots, seed[1] + 0 * robots)[:2], axis=-1)


def next_keys(keys: Array) -> Array:
    """Keys (B, 2) for the next draw."""
    return keys + np.array((1, 0), np.uint32)


def uniforms(keys: Array, count: int, xp: Any) -> Array:
    """Numbers in [0, 1), (B, count) float32, `count` for each key (B, 2)."""
    blocks = xp.arange(-(-count // 3), dtype=np.uint32)[:, None] + 0 * keys[:, 0]
    words = xp.stack(_pcg3d(0 * blocks + keys[:, 0], 0 * blocks + keys[:, 1], blocks), axis=1)
    # Made with the keys last, so that one number of all of them lies side by side.
    drawn = words.reshape(-1, len(keys))[:count] >> np.uint32(8)
    return (drawn.astype(np.float32) * np.float32(2**-24)).T


def normals(uniforms: Array, xp: Any) -> Array:
    """Standard normal numbers (B, 2 n) from as many uniform ones: Box and Muller (1958)."""
    half = uniforms.shape[-1] // 2
    radius = xp.sqrt(-2 * xp.log(1 - uniforms[:, :half]))
    turn = 2 * math.pi * uniforms[:, half:]
    return xp.concatenate((radius * xp.cos(turn), radius * xp.sin(turn)), axis=-1)


def _pcg3d(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Three hashed words of three, (B,) uint32 each; all arithmetic wraps."""
    x, y, z = (v * np.uint32(1664525) + np.uint32(1013904223) for v in (x, y, z))
    x, y, z = _mix(x, y, z)
    x, y, z = (v ^ (v >> np.uint32(16)) for v in (x, y, z))
    return _mix(x, y, z)


def _mix(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    x = x + y * z
    y = y + z * x
    return x, y, z + x * y
