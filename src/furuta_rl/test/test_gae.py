# SPDX-License-Identifier: Apache-2.0
"""Advantages, computed by hand: gamma = 0.5 and lambda = 0.5, hence gamma lambda = 0.25."""

import jax.numpy as jnp
import numpy as np

from furuta_rl.ppo.gae import Outcomes, advantages

REWARD = [1.0, 2.0, 3.0]
VALUE = [4.0, 8.0, 16.0]
NEXT_VALUE = [8.0, 16.0, 32.0]  # of the last: V of the state that the rollout stopped in


def estimate(terminated=(0, 0, 0), truncated=(0, 0, 0), next_value=NEXT_VALUE):
    def column(values, kind=jnp.float32):
        return jnp.asarray(values, kind)[:, None]

    outcomes = Outcomes(
        column(REWARD),
        column(VALUE),
        column(next_value),
        column(terminated, bool),
        column(truncated, bool),
    )
    return advantages(outcomes, 0.5, 0.5)[:, 0]


def test_three_steps_of_one_episode():
    # delta_2 = 3 + 0.5 * 32 - 16 = 3     A_2 = 3
    # delta_1 = 2 + 0.5 * 16 - 8 = 2      A_1 = 2 + 0.25 * 3 = 2.75
    # delta_0 = 1 + 0.5 * 8 - 4 = 1       A_0 = 1 + 0.25 * 2.75 = 1.6875
    np.testing.assert_allclose(estimate(), [1.6875, 2.75, 3.0])


def test_nothing_comes_after_termination():
    # delta_2 = 3                         A_2 = 3
    # delta_1 = 2 + 0 - 8 = -6            A_1 = -6, and nothing of A_2
    # delta_0 = 1                         A_0 = 1 + 0.25 * -6 = -0.5
    np.testing.assert_allclose(estimate(terminated=(0, 1, 0)), [-0.5, -6.0, 3.0])


def test_value_of_the_last_state_stands_for_what_comes_after_truncation():
    # The state after step 1, before the reset, is worth 20 instead of 16.
    # delta_2 = 3                         A_2 = 3
    # delta_1 = 2 + 0.5 * 20 - 8 = 4      A_1 = 4, and nothing of A_2
    # delta_0 = 1                         A_0 = 1 + 0.25 * 4 = 2
    result = estimate(truncated=(0, 1, 0), next_value=[8.0, 20.0, 32.0])
    np.testing.assert_allclose(result, [2.0, 4.0, 3.0])


def test_termination_counts_where_the_time_is_up_too():
    np.testing.assert_allclose(
        estimate(terminated=(0, 1, 0), truncated=(0, 1, 0)), estimate(terminated=(0, 1, 0))
    )


def test_robots_do_not_mix():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(3, 5, 4)).astype(np.float32)
    ends = rng.random((2, 5, 4)) < 0.3
    together = advantages(Outcomes(*numbers, *ends), 0.9, 0.8)
    for robot in range(4):
        alone = Outcomes(*numbers[:, :, robot, None], *ends[:, :, robot, None])
        np.testing.assert_allclose(
            together[:, robot], advantages(alone, 0.9, 0.8)[:, 0], rtol=1e-6
        )
