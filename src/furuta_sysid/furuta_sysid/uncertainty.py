# SPDX-License-Identifier: Apache-2.0
"""How well the recordings determine each parameter.

Rounding errors of a joint at rest hang together, and so do all residuals where the model is wrong
somewhere; the inverse of the Hessian alone would promise too much. So the covariance is the
sandwich H^-1 S H^-1 (H. White, "Maximum likelihood estimation of misspecified models",
Econometrica 50, 1982), with S from the sums of the score over blocks, and over whole recordings
where there are enough; a bootstrap of the blocks converges to the same. With a wrong model no
parameter gets less than the Hessian says. With a right one the Hessian alone promises too little
(deviations 1.35 times too large, on simulated robots) and the few blocks alone too much (0.87
times): the mean of both variances holds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from furuta_sysid.parameters import Floats
from furuta_sysid.polish import ROBUST, Point, equations, reduced, trusted
from furuta_sysid.simulate import Simulation

BLOCK = 2.0  # [s] longer than residuals hang together
ENOUGH = 4  # recordings from which their own spread is taken, too
NORMAL = 1.96  # standard deviations that hold 95 %
UNIFORM = 12**-0.5  # standard deviation of the prior, the unit interval
FLOOR = 0.005  # of the range: the least standard deviation claimed with a wrong model
CORRELATED = 0.95
NARROWED = 0.5  # of the prior range: a wider interval tells nothing


class Uncertainty(NamedTuple):
    """All in the unit cube of the prior ranges."""

    deviation: Floats  # (P,) standard deviation
    correlation: Floats  # (P, P)

    def interval(self, unit: Floats) -> tuple[Floats, Floats]:
        """Ends of the 95 % intervals about a point (P,), within the prior ranges."""
        reach = NORMAL * self.deviation
        return np.clip(unit - reach, 0, 1), np.clip(unit + reach, 0, 1)

    def is_identified(self) -> NDArray[np.bool_]:
        """(P,) whether the recordings narrow the prior range down."""
        return np.asarray(2 * NORMAL * self.deviation < NARROWED)

    def partners(self, index: int) -> list[int]:
        """Parameters that can hardly be told from this one."""
        strong = np.abs(self.correlation[index]) > CORRELATED
        return [int(i) for i in np.flatnonzero(strong) if i != index]


def uncertainty(
    simulation: Simulation, point: Point, scale: Floats, is_model_right: bool
) -> Uncertainty:
    """Spread of the estimates.

    Args:
        simulation: the longest windows that were fitted.
        point: where the fit ended.
        scale: (2, W) [rad] standard deviation of residuals.
        is_model_right: whether the scale is that of the encoders' steps.
    """
    normal = equations(simulation, point, scale, point.unit)
    hessian, _, back = reduced(normal)
    bread = np.linalg.inv(hessian + np.eye(len(hessian)) * (1 / UNIFORM**2))
    scores = _scores(simulation, point, scale, back)  # (T, W, P)
    spreads = [bread, bread @ _blocks(simulation, scores) @ bread]
    recordings = _recordings(simulation, scores)
    if len(recordings) >= ENOUGH:
        spreads.append(bread @ (recordings.T @ recordings) @ bread)
    variances = [np.diag(spread) for spread in spreads]
    deviation = np.sqrt(np.mean(variances, 0) if is_model_right else np.max(variances, 0))
    own = np.sqrt(np.diag(bread))
    if not is_model_right:
        deviation = np.maximum(deviation, FLOOR)
    return Uncertainty(np.minimum(deviation, UNIFORM), bread / np.outer(own, own))


def _scores(simulation: Simulation, point: Point, scale: Floats, back: Floats) -> Floats:
    """Gradient of each sample's cost, local unknowns eliminated, (T, W, P)."""
    z, slopes = trusted(simulation, point, scale)
    count = len(point.unit)
    own = np.einsum('tjwl,wlp->tjwp', slopes[..., count:], back)
    weighted = z / np.sqrt(1 + (z / ROBUST) ** 2)
    return np.asarray(((slopes[..., :count] - own) * weighted[..., None]).sum(1))


def _blocks(simulation: Simulation, scores: Floats) -> Floats:
    """Sum over blocks of the outer product of their scores, (P, P)."""
    windows = simulation.windows
    size = max(1, round(BLOCK / (windows.dt * windows.substeps)))
    padded = np.pad(scores, ((0, -len(scores) % size), (0, 0), (0, 0)))
    sums = padded.reshape(-1, size, *scores.shape[1:]).sum(1).reshape(-1, scores.shape[-1])
    sums = sums[np.any(sums != 0, axis=1)]
    few = stats.t.ppf(0.975, max(1, len(sums) - 1)) / NORMAL  # blocks are few
    return np.asarray(few**2 * (sums.T @ sums))


def _recordings(simulation: Simulation, scores: Floats) -> Floats:
    """Score of each recording, (R, P)."""
    which = simulation.windows.recording
    return np.stack([scores[:, which == i].sum((0, 1)) for i in np.unique(which)])
