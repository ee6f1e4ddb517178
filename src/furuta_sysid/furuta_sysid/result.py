# SPDX-License-Identifier: Apache-2.0
"""What an identification found: `sysid_result.json`, written whole and read back checked.

Parameters are named as the fields of `randomization.Ranges` are (`arm.mass`, `motor.constant`,
`cable_stiffness`; and `delay`): what is one there moves together here. `values` says the same in
the robot file's words, path by path.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from furuta_description.robot import Robot
from furuta_description.whole_file import write_whole

RESULT_FILE = 'sysid_result.json'
HORIZONS = (0.5, 1.0, 3.0, 10.0)  # [s] over which open-loop errors are told


class ResultError(ValueError):
    """A result file that cannot be used."""


@dataclass(frozen=True)
class IdentifiedParameter:
    """One quantity that was free."""

    name: str
    """as in `randomization.Ranges`, or `delay`"""
    unit: str
    before: float
    """in the robot file; a vector by its length, an inertia by its xx, static friction by what it
    has over Coulomb friction"""
    value: float
    low: float
    """lower end of the 95 % interval"""
    high: float
    """upper end of the 95 % interval"""
    prior: tuple[float, float]
    """range in which it was searched"""
    is_identified: bool
    """whether the recordings narrow the prior range down"""
    is_at_bound: bool
    """whether the value lies at an end of the prior range"""
    correlated_with: tuple[str, ...]
    """parameters that the recordings can hardly tell from this one"""


@dataclass(frozen=True)
class HorizonError:
    """Root mean square open-loop errors of both angles [rad] over windows of one length."""

    horizon: float
    """length of the windows [s]; the whole recording where it is shorter"""
    part: str
    """`training` or `validation`"""
    arm_before: float
    pendulum_before: float
    arm_after: float
    pendulum_after: float


@dataclass(frozen=True)
class RecordingUse:
    """A recording and what it was used for."""

    name: str
    source: str
    """the file it came from"""
    sha256: str
    """of that file"""
    seconds: float
    part: str
    """`training` or `validation`"""
    cost: float
    """root mean square residual after the fit, in encoder resolutions"""


@dataclass(frozen=True)
class SysidResult:
    """Everything about one identification but the recordings themselves."""

    robot: str
    """name of the robot file's robot"""
    robot_file: str
    robot_hash: str
    """of the robot before"""
    parameters: tuple[IdentifiedParameter, ...]
    correlation: tuple[tuple[float, ...], ...]
    """of the estimates, in the order of `parameters`"""
    values: dict[str, float | list[float]]
    """robot-file path (`physics.motor.dead_zone`) to new value, of all that changed"""
    errors: tuple[HorizonError, ...]
    recordings: tuple[RecordingUse, ...]
    notes: tuple[str, ...]
    """what a reader must know: anchors, locked groups, what the data cannot tell"""
    is_model_right: bool
    """whether residuals are what the encoders' resolution explains"""
    options: dict[str, Any]
    versions: dict[str, str]
    seconds: float
    """wall time of the fit"""

    def parameter(self, name: str) -> IdentifiedParameter:
        """One parameter by name.

        Raises:
            KeyError: it was not free.
        """
        return {parameter.name: parameter for parameter in self.parameters}[name]

    @property
    def delay(self) -> float | None:
        """Time from logged voltage to torque [s]; None if it was not free."""
        return next((p.value for p in self.parameters if p.name == 'delay'), None)

    def tuned(self, robot: Robot) -> Robot:
        """The robot with what was found.

        Raises:
            ResultError: this is not the robot that was identified.
        """
        if robot.hash != self.robot_hash:
            raise ResultError(
                f'{robot.file}: not the robot this result is about: that was {self.robot_file} '
                f'with hash {self.robot_hash[:12]}, this one has {robot.hash[:12]}'
            )
        return robot.with_values(self.values)


def save_result(result: SysidResult, path: Path) -> None:
    """Write the file whole."""
    write_whole(path, _ADAPTER.dump_json(result, indent=2) + b'\n')


def load_result(path: Path) -> SysidResult:
    """Read a result.

    Raises:
        ResultError: the file is no result of this version.
        OSError: it cannot be read.
    """
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except ValidationError as error:
        detail = error.errors()[0]
        where = '.'.join(str(part) for part in detail['loc'])
        raise ResultError(
            f'{path}: not a result of `furuta sysid identify`: {where}: {detail["msg"]}'
        ) from None


_ADAPTER: TypeAdapter[SysidResult] = TypeAdapter(SysidResult)
