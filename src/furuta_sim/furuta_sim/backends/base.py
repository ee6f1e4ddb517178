# SPDX-License-Identifier: Apache-2.0
"""What every backend offers: robots in, states forward.

All backends take the same `Physics`, apply the same motor model (`motor.drive`) once per physics
step, integrate semi-implicitly (`dynamics.step`) and agree (test/test_agreement.py). They hold
no state of their own; what a robot is doing is in the `State` that goes in and comes out.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from furuta_description.dynamics import State
from furuta_description.robot import Physics

Array = Any  # numpy or jax array
Model = TypeVar('Model')


class Backend(Protocol[Model]):
    """Steps B robots at once. `analytic` and `mjx` are pure and may be called under jax.jit."""

    @property
    def dt(self) -> float:
        """Physics step [s]."""

    def prepare(self, physics: Physics) -> Model:
        """Make what `step` takes, once per robot or batch of robots.

        Args:
            physics: one robot for the whole batch, or leaves of shape (B,), each as it likes.
        """

    def step(self, model: Model, state: State, voltage: Array, steps: int = 1) -> State:
        """Advance by `steps` physics steps of `dt` with the voltage held.

        Args:
            model: what `prepare` made.
            state: (B,) each [rad, rad/s, A].
            voltage: command at the motor, (B,) [V].
            steps: physics steps, at least 1.

        Returns:
            The new state, (B,) each; the given one is left as it was.
        """
