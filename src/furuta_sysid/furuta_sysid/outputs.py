# SPDX-License-Identifier: Apache-2.0
"""The files that an identification leaves, each written whole, the result last."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from furuta_description.presets import save_ranges
from furuta_description.robot import Robot, load_robot
from furuta_description.urdf import make_urdf
from furuta_description.whole_file import write_whole
from furuta_sysid.comparison import Comparison
from furuta_sysid.conclude import conclude
from furuta_sysid.fit import Fit, FitOptions
from furuta_sysid.parameters import file_values
from furuta_sysid.ranges import identified_ranges
from furuta_sysid.report import write_report
from furuta_sysid.result import RESULT_FILE, SysidResult, save_result
from furuta_sysid.tuned_file import diff, tuned_stem, tuned_text

REPORT_FILE = 'report.html'


def write_tuned(folder: Path, robot: Robot, fit: Fit, count: int) -> Robot:
    """Write the tuned robot file and read it back: what is judged is what is written.

    Args:
        folder: where.
        robot: before.
        fit: what was found.
        count: recordings that were fitted.
    """
    source = f'identified {time.strftime("%Y-%m-%d")} from {count} recording{"s" * (count != 1)}'
    values = file_values(robot, fit.parameters, fit.values)
    path = folder / f'{tuned_stem(robot.file)}.yaml'
    write_whole(path, tuned_text(robot.file.read_text(), values, source).encode())
    return load_robot(path)


def write_rest(
    robots: tuple[Robot, Robot],
    fit: Fit,
    comparisons: Sequence[Comparison],
    options: FitOptions,
) -> SysidResult:
    """Write everything else beside the tuned robot file.

    Args:
        robots: before, and as it was written.
        fit: finished.
        comparisons: of all recordings.
        options: of the fit.
    """
    robot, tuned = robots
    result = conclude(robot, fit, comparisons, options)
    lines = diff(
        robot.file.read_text(), tuned.file.read_text(), (robot.file.name, tuned.file.name)
    )
    save_ranges(identified_ranges(result, tuned.timing.link_delay), tuned.file)
    write_whole(tuned.file.with_suffix('.urdf'), make_urdf(tuned).encode())
    write_whole(tuned.file.with_suffix('.diff'), ('\n'.join(lines) + '\n').encode())
    write_report(tuned.file.with_name(REPORT_FILE), result, comparisons, lines)
    save_result(result, tuned.file.with_name(RESULT_FILE))
    return result
