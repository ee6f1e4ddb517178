# SPDX-License-Identifier: Apache-2.0
"""The counter-based random numbers."""

import numpy as np
import pytest

from furuta_description import draws

KEYS = draws.make_keys(np.array((1, 2), np.uint32), 50_000, np)


def test_uniforms_are_even_and_independent() -> None:
    drawn = draws.uniforms(KEYS, 5, np)
    counts = np.stack([np.histogram(column, 20, (0, 1))[0] for column in drawn.T])
    assert np.all(np.abs(counts - 2500) < 5 * np.sqrt(2500))
    assert drawn.min() >= 0 and drawn.max() < 1
    later = draws.uniforms(draws.next_keys(KEYS), 5, np)
    neighbour = np.roll(drawn, 1, axis=0)
    correlation = np.corrcoef(np.concatenate((drawn, later, neighbour), axis=1).T)
    assert np.abs(correlation - np.eye(15)).max() < 5 / np.sqrt(50_000)


def test_words_are_those_of_the_published_hash() -> None:
    """pcg3d(0, 0, 0) by hand: each word becomes c = 1013904223 and then, modulo 2^32,

    x = c + c c, y = c + c x, z = c + x y, and after v ^ (v >> 16) the same once more.
    """
    c, mask = 1013904223, 0xFFFFFFFF

    def mixed(x: int, y: int, z: int) -> tuple[int, int, int]:
        x = x + y * z & mask
        y = y + z * x & mask
        return x, y, z + x * y & mask

    words = mixed(*(v ^ v >> 16 for v in mixed(c, c, c)))
    drawn = draws.uniforms(np.zeros((1, 2), np.uint32), 3, np)[0]
    assert drawn.tolist() == [(word >> 8) / 2**24 for word in words]


def test_numbers_of_a_robot_do_not_depend_on_the_batch() -> None:
    few = draws.make_keys(np.array((1, 2), np.uint32), 3, np)
    np.testing.assert_array_equal(few, KEYS[:3])
    np.testing.assert_array_equal(draws.uniforms(few, 2, np), draws.uniforms(KEYS, 5, np)[:3, :2])


def test_normals_have_the_moments_of_a_normal_distribution() -> None:
    drawn = draws.normals(draws.uniforms(KEYS, 4, np), np).astype(float)
    moments = [(drawn**power).mean() for power in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.05)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 0.03
