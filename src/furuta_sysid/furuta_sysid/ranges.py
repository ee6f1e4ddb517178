# SPDX-License-Identifier: Apache-2.0
"""How far robots are drawn in training, from how sure the identification is.

What the recordings show gets its 95 % interval, with a floor: intervals say nothing of what the
model lacks. What they do not show keeps the range that any robot has, the preset `default`.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from furuta_description.randomization import PRESETS, Ranges
from furuta_sysid.result import IdentifiedParameter, SysidResult

PRIOR = PRESETS['default']
FLOOR = 0.02  # relative spread that everything identified keeps
BIAS_FLOOR = 0.02  # [V]
CEILING = 0.9  # relative spread; a factor stays positive
DELAY_FLOOR = 0.002  # [s] by which the delay may be shorter or longer than identified
HOST_DELAY = 0.010  # [s] that a controller and its host add to the machine's delay at most


def identified_ranges(result: SysidResult, link_delay: float) -> Ranges:
    """The preset `identified` of a tuned robot, whose line is known to take `link_delay` [s]."""
    ranges = PRIOR
    for parameter in result.parameters:
        if not parameter.is_identified:
            continue
        if parameter.name == 'delay':
            ranges = replace(ranges, delay=_delay(parameter, link_delay))
        else:
            ranges = _with_spread(ranges, parameter.name, _spread(parameter))
    return ranges


def _spread(parameter: IdentifiedParameter) -> float:
    """Relative half width of the interval about the value; of the bias in volts."""
    half = max(parameter.high - parameter.value, parameter.value - parameter.low)
    if parameter.name == 'motor.voltage_bias':
        return max(half, BIAS_FLOOR)
    if parameter.value == 0:
        return 0.0  # spreads are relative: what the robot has not stays so
    return min(max(half / abs(parameter.value), FLOOR), CEILING)


def _delay(parameter: IdentifiedParameter, link_delay: float) -> tuple[float, float]:
    """From sample to torque: what the machine takes, and what a controller may add."""
    low = min(parameter.low, parameter.value - DELAY_FLOOR)
    high = max(parameter.high, parameter.value + DELAY_FLOOR)
    return max(0.0, link_delay + low), link_delay + high + HOST_DELAY


def _with_spread(node: Any, name: str, spread: float) -> Any:
    """The ranges with one of them set; a parameter that is not drawn changes nothing."""
    first, _, rest = name.partition('.')
    if not is_dataclass(node) or first not in {field.name for field in fields(node)}:
        return node
    value = _with_spread(getattr(node, first), rest, spread) if rest else spread
    return replace(node, **{first: value})  # type: ignore[type-var]
