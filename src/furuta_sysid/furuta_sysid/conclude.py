# SPDX-License-Identifier: Apache-2.0
"""From a fit to what is told of it: intervals in SI, errors by horizon, notes in plain words."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid import parameters as space
from furuta_sysid.fit import Fit, FitOptions
from furuta_sysid.parameters import Floats
from furuta_sysid.replay import replay
from furuta_sysid.result import (
    HORIZONS,
    HorizonError,
    IdentifiedParameter,
    RecordingUse,
    SysidResult,
)
from furuta_sysid.trajectory import Recording

LIBRARIES = ('cma', 'jax', 'numpy', 'rosbags')
AT_BOUND = 1e-3  # of the prior range


def conclude(
    robot: Robot,
    fit: Fit,
    training: Sequence[Recording],
    validation: Sequence[Recording],
    options: FitOptions,
) -> SysidResult:
    """The result of a fit.

    Args:
        robot: before.
        fit: what was found.
        training: the recordings that were fitted.
        validation: others, that judge; may be none.
        options: of the fit.
    """
    parameters = _identified(fit)
    parts = {'training': training, 'validation': validation}
    tuned = fit.tuned(robot)
    return SysidResult(
        robot=robot.name,
        robot_file=str(robot.file),
        robot_hash=robot.hash,
        parameters=parameters,
        correlation=tuple(tuple(map(float, row)) for row in fit.uncertainty.correlation),
        values=space.file_values(robot, fit.parameters, fit.values),
        errors=tuple(
            _horizon_error(horizon, part, (robot, tuned), recordings)
            for part, recordings in parts.items()
            if recordings
            for horizon in HORIZONS
        ),
        recordings=tuple(
            RecordingUse(
                recording.name,
                str(recording.source),
                recording.source_hash,
                recording.duration,
                part,
                cost,
            )
            for part, recordings in parts.items()
            for recording, cost in zip(
                recordings,
                fit.costs if part == 'training' else [_cost(tuned, r) for r in recordings],
                strict=True,
            )
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


def _horizon_error(
    horizon: float, part: str, robots: tuple[Robot, Robot], recordings: Sequence[Recording]
) -> HorizonError:
    errors: list[Floats] = []
    for robot in robots:
        windows = [replay(robot, recording, [horizon])[0] for recording in recordings]
        squares = sum(np.sum(w.residual**2, axis=(0, 1)) for w in windows)
        errors.append(np.sqrt(squares / sum(w.residual.shape[0] * len(w.time) for w in windows)))
    before, after = (tuple(map(float, pair)) for pair in errors)
    return HorizonError(horizon, part, before[0], before[1], after[0], after[1])


def _cost(robot: Robot, recording: Recording) -> float:
    """Root mean square error over windows of a second, in encoder steps."""
    (window,) = replay(robot, recording, [1.0])
    return float(np.sqrt(np.mean((window.rms / np.array(recording.resolution)) ** 2)))


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
    at_bound = [p.name for p in parameters if p.is_at_bound and p.value != 0]
    if at_bound:
        notes.append(f'at an end of the prior range: {", ".join(at_bound)}')
    return notes
