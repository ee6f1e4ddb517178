# SPDX-License-Identifier: Apache-2.0
"""A finished fit and its replays, put down as a result."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid.comparison import Comparison
from furuta_sysid.fit import Fit
from furuta_sysid.parameters import anchors, file_values, to_values
from furuta_sysid.replay import Windows
from furuta_sysid.result import (
    HORIZONS,
    HorizonError,
    IdentifiedParameter,
    RecordingUse,
    SysidResult,
)

LIBRARIES = ('jax', 'numpy', 'scipy', 'cma')
NEAR = 0.01  # of the prior range: a value so near to its end lies at the end


def make_result(
    robot: Robot, fit: Fit, comparisons: Sequence[Comparison], options: Mapping[str, Any]
) -> SysidResult:
    """Put down what was found.

    Args:
        robot: before.
        fit: finished.
        comparisons: of all recordings, those of the fit first and in its order.
        options: of the command.
    """
    values = file_values(robot, fit.parameters, fit.values)
    locked = [f'not searched, by --lock or --only: {name}' for name in options.get('lock', ())]
    return SysidResult(
        robot=robot.name,
        robot_file=str(robot.file),
        robot_hash=robot.hash,
        parameters=_parameters(fit),
        correlation=tuple(
            tuple(map(float, row)) for row in np.round(fit.uncertainty.correlation, 4)
        ),
        values=values,
        errors=tuple(_errors(comparisons)),
        recordings=tuple(_uses(comparisons)),
        notes=(*anchors(fit.parameters), *locked),
        is_model_right=fit.is_model_right,
        options=dict(options),
        versions={'python': platform.python_version(), **{x: version(x) for x in LIBRARIES}},
        seconds=fit.seconds,
    )


def _parameters(fit: Fit) -> tuple[IdentifiedParameter, ...]:
    low, high = (
        to_values(fit.parameters, unit, np) for unit in fit.uncertainty.interval(fit.unit)
    )
    identified = fit.uncertainty.is_identified()
    return tuple(
        IdentifiedParameter(
            name=parameter.name,
            unit=parameter.unit,
            before=parameter.before,
            value=float(fit.values[i]),
            low=float(low[i]),
            high=float(high[i]),
            prior=(parameter.low, parameter.high),
            is_identified=bool(identified[i]),
            # no friction at all is an end, but nothing to wonder at
            is_at_bound=bool(
                fit.unit[i] > 1 - NEAR or (fit.unit[i] < NEAR and parameter.low != 0)
            ),
            correlated_with=tuple(fit.parameters[j].name for j in fit.uncertainty.partners(i)),
        )
        for i, parameter in enumerate(fit.parameters)
    )


def _errors(comparisons: Sequence[Comparison]) -> list[HorizonError]:
    """Errors over all windows of a part; recordings that are too short for a horizon are left out.

    The longest of all stands for the horizons that none reaches.
    """
    errors = []
    for part in ('training', 'validation'):
        chosen = [comparison for comparison in comparisons if comparison.part == part]
        told: set[float] = set()
        for index, wanted in enumerate(HORIZONS):
            longest = max((c.after[index].horizon for c in chosen), default=0.0)
            horizon = round(min(wanted, longest), 3)
            fitting = [c for c in chosen if c.after[index].horizon > 0.95 * horizon]
            if not fitting or horizon in told:
                continue
            told.add(horizon)
            before = _pooled([c.before[index] for c in fitting])
            after = _pooled([c.after[index] for c in fitting])
            errors.append(HorizonError(horizon, part, *before, *after))
    return errors


def _pooled(windows: Sequence[Windows]) -> tuple[float, float]:
    residuals = np.concatenate([w.residual.reshape(-1, 2) for w in windows])
    arm, pendulum = np.sqrt(np.mean(residuals**2, axis=0))
    return float(arm), float(pendulum)


def _uses(comparisons: Sequence[Comparison]) -> list[RecordingUse]:
    return [
        RecordingUse(
            name=comparison.recording.name,
            source=str(comparison.recording.source),
            sha256=comparison.recording.source_hash,
            seconds=comparison.recording.duration,
            part=comparison.part,
            cost=_cost(comparison),
        )
        for comparison in comparisons
    ]


def _cost(comparison: Comparison) -> float:
    """Root mean square residual of both joints over windows of a second, in encoder steps."""
    residual = comparison.after[HORIZONS.index(1.0)].residual / comparison.recording.resolution
    return float(np.sqrt(np.mean(residual**2)))
