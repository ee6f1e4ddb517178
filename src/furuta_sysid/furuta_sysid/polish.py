# SPDX-License-Identifier: Apache-2.0
"""Levenberg-Marquardt through the differentiable simulation: the sharp end of the fit.

The unknowns are the parameters and, for each window, the state it starts in and the zero error of
the pendulum. A window's own unknowns meet the others only in its own residuals, so they are
eliminated window by window (Schur complement). Large residuals count less (soft L1, by
reweighting). K. Levenberg (1944), D. Marquardt (1963); B. Triggs et al., "Bundle Adjustment - A
Modern Synthesis" (2000), section 6.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from furuta_sysid import parameters as space
from furuta_sysid.parameters import Floats
from furuta_sysid.simulate import Simulation

ROBUST = 3.0  # residuals beyond this many scales count in proportion, not squared
PRIOR = 0.5  # of the range: what nothing in the data tells stays that near to the robot file
# What is known of a window's start beside its angles: of both angles in encoder steps, of both
# velocities [rad/s] and of the zero error [rad].
START_STEPS, START_VELOCITY, ZERO_ERROR = 2.0, 3.0, 0.01


class Point(NamedTuple):
    """Where the search is."""

    unit: Floats  # (P,) in the unit cube
    local: Floats  # (W, 5)
    cost: float


class Normal(NamedTuple):
    """Normal equations, the local unknowns apart."""

    hessian: Floats  # (P, P)
    gradient: Floats  # (P,)
    mixed: Floats  # (W, P, 5)
    local_hessian: Floats  # (W, 5, 5)
    local_gradient: Floats  # (W, 5)


def polish(
    simulation: Simulation,
    point: Point,
    scale: Floats,
    steps: int = 20,
    is_fixed: bool = False,
) -> Point:
    """Descend from a point.

    Args:
        simulation: windows and parameters.
        point: its cost is not used.
        scale: (2, W) [rad] standard deviation expected of residuals.
        steps: at most.
        is_fixed: whether the parameters stay and only the windows' starts are found.
    """
    prior = space.start(simulation.parameters, 0.0)
    point = point._replace(cost=cost(simulation, point.unit, point.local, scale))
    damping = 1e-3
    for _ in range(steps):
        normal = equations(simulation, point, scale, prior)
        improved = None
        while damping < 1e8:
            trial = _step(normal, point, damping, is_fixed)
            value = cost(simulation, trial.unit, trial.local, scale)
            if value < point.cost:
                improved = trial._replace(cost=value)
                break
            damping *= 5 if damping > 1e-4 else 100
        if improved is None:
            break
        gain = point.cost - improved.cost
        point, damping = improved, max(damping / 10, 1e-9)
        if gain < 1e-6 * point.cost:
            break
    return point


def cost(simulation: Simulation, unit: Floats, local: Floats, scale: Floats) -> float:
    """Robust cost of a point, priors included; infinite where the simulation ran away."""
    z = simulation.residuals(unit, local, scale) * simulation.windows.trust
    prior = space.start(simulation.parameters, 0.0)
    pulls = _local_pulls(simulation, local)
    total = (
        2 * ROBUST**2 * (np.sqrt(1 + (z / ROBUST) ** 2) - 1).sum()
        + (((unit - prior) / PRIOR) ** 2).sum()
        + (pulls**2).sum()
    )
    return float(total) if np.isfinite(total) else np.inf


def equations(simulation: Simulation, point: Point, scale: Floats, prior: Floats) -> Normal:
    """Gauss-Newton equations at a point, residuals reweighted."""
    z, slopes = trusted(simulation, point, scale)
    root = (1 + (z / ROBUST) ** 2) ** -0.25
    count = len(point.unit)
    rows = np.concatenate([slopes * root[..., None], (z * root)[..., None]], -1)
    rows = rows.transpose(2, 0, 1, 3).reshape(len(point.local), -1, rows.shape[-1])
    products = rows.transpose(0, 2, 1) @ rows  # (W, P + 6, P + 6)
    parameters, local = slice(0, count), slice(count, -1)
    hessian = products[:, parameters, parameters].sum(0) + np.eye(count) / PRIOR**2
    gradient = products[:, parameters, -1].sum(0) + (point.unit - prior) / PRIOR**2
    inverse = 1 / _local_spread(simulation)
    pulls = _local_pulls(simulation, point.local)
    return Normal(
        hessian,
        gradient,
        products[:, parameters, local],
        products[:, local, local] + np.eye(inverse.shape[1]) * inverse[:, None] ** 2,
        products[:, local, -1] + pulls * inverse,
    )


def trusted(simulation: Simulation, point: Point, scale: Floats) -> tuple[Floats, Floats]:
    """Residuals (T, 2, W) and slopes (T, 2, W, P + 5), each by what its sample counts."""
    z, slopes = simulation.jacobian(point.unit, point.local, scale)
    trust = simulation.windows.trust
    return z * trust, slopes * trust[..., None]


def reduced(normal: Normal, damping: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """Hessian (P, P) and gradient (P,) with local unknowns eliminated; what (W, 5, P) does so."""
    diagonal = np.einsum('wii->wi', normal.local_hessian)
    local = normal.local_hessian + damping * diagonal[..., None] * np.eye(diagonal.shape[1])
    back = np.linalg.solve(local, normal.mixed.transpose(0, 2, 1))
    hessian = normal.hessian - (normal.mixed @ back).sum(0)
    gradient = normal.gradient - np.einsum('wlp,wl->p', back, normal.local_gradient)
    return hessian, gradient, back


def _step(normal: Normal, point: Point, damping: float, is_fixed: bool) -> Point:
    """A damped step, kept within the unit cube; parameters pressed to a wall stay there."""
    hessian, gradient, back = reduced(normal, damping)
    change = np.zeros_like(point.unit)
    if not is_fixed:
        at_low, at_high = point.unit <= 0, point.unit >= 1
        free = ~((at_low & (gradient > 0)) | (at_high & (gradient < 0)))
        matrix = hessian[np.ix_(free, free)]
        matrix = matrix + damping * np.diag(np.diag(matrix))
        change[free] = -np.linalg.solve(matrix, gradient[free])
    unit = np.clip(point.unit + change, 0, 1)
    diagonal = np.einsum('wii->wi', normal.local_hessian)
    local = normal.local_hessian + damping * diagonal[..., None] * np.eye(diagonal.shape[1])
    own = np.linalg.solve(local, normal.local_gradient[..., None])[..., 0]
    moved = point.local - own - np.einsum('wlp,p->wl', back, unit - point.unit)
    return Point(unit, moved, np.inf)


def _local_spread(simulation: Simulation) -> Floats:
    """(W, 5) standard deviation of the local unknowns about what was read off."""
    angles = START_STEPS * simulation.windows.resolution.T
    rest = np.broadcast_to((START_VELOCITY, START_VELOCITY, ZERO_ERROR), (len(angles), 3))
    return np.concatenate([angles, rest], axis=1)


def _local_pulls(simulation: Simulation, local: Floats) -> Floats:
    return (local - simulation.local_start()) / _local_spread(simulation)
