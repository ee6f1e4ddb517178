# SPDX-License-Identifier: Apache-2.0
"""From a fit to what is told of it: intervals in SI, errors by horizon, notes in plain words."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid import parameters as space
from furuta_sysid.comparison import Comparison
from furuta_sysid.fit import Fit, FitOptions
from furuta_sysid.replay import Windows
from furuta_sysid.result import (
    HORIZONS,
    HorizonError,
    IdentifiedParameter,
    RecordingUse,
    SysidResult,
)

LIBRARIES = ('cma', 'jax', 'numpy', 'rosbags')
AT_BOUND = 1e-3  # of the prior range


def conclude(
    robot: Robot, fit: Fit, comparisons: Sequence[Comparison], options: FitOptions
) -> SysidResult:
    """The result of a fit.

    Args:
        robot: before.
        fit: what was found.
        comparisons: of all recordings, those that were fitted first and in their order.
        options: of the fit.
    """
    parameters = _identified(fit)
    costs = {
        c.recording.source_hash: cost for c, cost in zip(comparisons, fit.costs, strict=False)
    }
    return SysidResult(
        robot=robot.name,
        robot_file=str(robot.file),
        robot_hash=robot.hash,
        parameters=parameters,
        correlation=tuple(tuple(map(float, row)) for row in fit.uncertainty.correlation),
        values=space.file_values(robot, fit.parameters, fit.values),
        errors=tuple(_horizon_errors(comparisons)),
        recordings=tuple(
            RecordingUse(
                comparison.recording.name,
                str(comparison.recording.source),
                comparison.recording.source_hash,
                comparison.recording.duration,
                comparison.part,
                costs.get(comparison.recording.source_hash, _cost(comparison)),
            )
            for comparison in comparisons
        ),
        notes=(*space.anchors(fit.parameters), *_notes(fit, parameters, options)),
        is_model_right=fit.is_model_right,
        options=asdict(options),
        versions={'python': platform.python_version()}
        | {name: version(name) for name in LIBRARIES},
        seconds=fit.seconds,
    )


def _identified(fit: Fit) -> tuple[IdentifiedParameter, ...]:
    low, high = (
        space.to_values(fit.parameters, end, np) for end in fit.uncertainty.interval(fit.unit)
    )
    is_identified = fit.uncertainty.is_identified()
    return tuple(
        IdentifiedParameter(
            name=parameter.name,
            unit=parameter.unit,
            before=parameter.before,
            value=float(fit.values[i]),
            low=float(low[i]),
            high=float(high[i]),
            prior=(parameter.low, parameter.high),
            is_identified=bool(is_identified[i]),
            is_at_bound=bool(min(fit.unit[i], 1 - fit.unit[i]) < AT_BOUND),
            correlated_with=tuple(fit.parameters[k].name for k in fit.uncertainty.partners(i)),
        )
        for i, parameter in enumerate(fit.parameters)
    )


def _horizon_errors(comparisons: Sequence[Comparison]) -> Iterator[HorizonError]:
    """Over all windows of a part; a recording that is shorter counts with its whole length."""
    for part in ('training', 'validation'):
        chosen = [comparison for comparison in comparisons if comparison.part == part]
        for index, horizon in enumerate(HORIZONS if chosen else ()):
            before = _pooled([comparison.before[index] for comparison in chosen])
            after = _pooled([comparison.after[index] for comparison in chosen])
            yield HorizonError(horizon, part, *before, *after)


def _pooled(windows: Sequence[Windows]) -> tuple[float, float]:
    """Root mean square of all residuals of arm and pendulum [rad]."""
    residuals = np.concatenate([w.residual.reshape(-1, 2) for w in windows])
    arm, pendulum = np.sqrt(np.mean(residuals**2, axis=0))
    return float(arm), float(pendulum)


def _cost(comparison: Comparison) -> float:
    """Root mean square error over windows of a second, in encoder steps."""
    residual = comparison.after[HORIZONS.index(1.0)].residual / comparison.recording.resolution
    return float(np.sqrt(np.mean(residual**2)))


def _notes(fit: Fit, parameters: Sequence[IdentifiedParameter], options: FitOptions) -> list[str]:
    notes = []
    if options.lock:
        notes.append(f'locked: {", ".join(options.lock)}')
    if not fit.is_model_right:
        notes.append(
            f'residuals of {max(fit.costs):.1f} encoder steps are more than rounding explains: '
            'the model is not all there is, and the intervals are those of the spread between '
            'parts of the recordings'
        )
    unknown = [p.name for p in parameters if not p.is_identified]
    if unknown:
        notes.append(
            f'the recordings do not tell {", ".join(unknown)}: record a motion that needs them'
        )
    if fit.window < 0.9 * max(options.lengths):
        notes.append(
            f'fitted over windows of {fit.window:.2g} s: longer ones are too unstable or too few'
        )
    if any(p.name == 'arm.viscous' and p.value < 0 for p in parameters):
        notes.append(
            'the motor brakes the arm less than its constant and resistance say, so both are '
            'lowered together: the pendulum is lighter than the robot file says, or the '
            'resistance lower. Predictions hold; for true values weigh it and measure that'
        )
    at_bound = [p.name for p in parameters if p.is_at_bound and p.value != 0]
    if at_bound:
        notes.append(f'at an end of the prior range: {", ".join(at_bound)}')
    return notes
