# SPDX-License-Identifier: Apache-2.0
"""CSV files by a column map."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_sysid.columns import Columns, parse_columns, read_csv
from furuta_sysid.sources import find_recordings
from furuta_sysid.trajectory import RecordingError

ROBOT = load_robot('furuta')


def write(path: Path, names, *columns, delimiter=','):
    lines = [delimiter.join(names)]
    lines += [
        delimiter.join(f'{value:.12g}' for value in row) for row in zip(*columns, strict=True)
    ]
    path.write_text('\n'.join(lines) + '\n')
    return path


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_units_signs_and_zeros_of_the_map_lead_back_to_si(tmp_path, simulate, delimiter):
    made = simulate('furuta', 2.0)
    counts = ROBOT.sensors.arm_counts
    file = write(
        tmp_path / 'odd.csv',
        ['clock', 'mv', 'a', 'p', 'unused'],
        made.time * 1e3,
        made.voltage * 1e3,
        -made.arm_angle / (2 * np.pi) * counts + 512,
        np.degrees(made.pendulum_angle) + 180,
        made.time,
        delimiter=delimiter,
    )
    texts = ['time=clock:ms', 'voltage=mv:mV', 'arm=-a:counts@512', 'pendulum=p:deg@180']
    read = read_csv(file, parse_columns(texts), ROBOT)
    assert read.dt == made.dt and read.is_known.all()
    for name in ('voltage', 'arm_angle', 'pendulum_angle'):
        np.testing.assert_allclose(getattr(read, name), getattr(made, name), atol=1e-8)
    explicit = read_csv(file, parse_columns([*texts[:2], f'arm=-a:counts/{counts}@512', texts[3]]))
    np.testing.assert_array_equal(explicit.arm_angle, read.arm_angle)


def test_uneven_stamps_are_put_on_an_even_grid(tmp_path, simulate):
    made = simulate('furuta', 2.0)
    time = made.time + np.random.default_rng(0).uniform(-3e-4, 3e-4, len(made))
    made = replace(made, arm_angle=np.sin(5 * time), pendulum_angle=np.cos(3 * time))
    names = ['t_s', 'voltage_V', 'theta_rad', 'alpha_rad']
    columns = (time, made.voltage, made.arm_angle, made.pendulum_angle)
    read = read_csv(write(tmp_path / 'a.csv', names, *columns))
    grid = time[0] + read.time
    np.testing.assert_allclose(read.arm_angle, np.sin(5 * grid), atol=5e-5)
    np.testing.assert_allclose(read.pendulum_angle, np.cos(3 * grid), atol=5e-5)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda text: text.replace('theta_rad', 'theta'), "no column 'theta_rad' for arm"),
        (lambda text: text.replace('\n0.02,', '\n0.02,x', 1), 'line 12: voltage_V is .x'),
        (lambda text: text.replace('\n0.02,', '\n0.01,', 1), 'time of the angles does not rise'),
        (lambda text: text.replace('\n0.02,', '\n0.02,,', 1), 'line 12: 5 values under 4 columns'),
        (lambda text: text.splitlines()[0], 'nothing to identify from'),
    ],
)
def test_bad_table_is_told_with_file_line_and_column(tmp_path, change, message):
    time = np.arange(100) * 0.002
    names = ['t_s', 'voltage_V', 'theta_rad', 'alpha_rad']
    file = write(tmp_path / 'bad.csv', names, time, time, time, time)
    file.write_text(change(file.read_text()))
    with pytest.raises(RecordingError, match=f'bad.csv.*{message}'):
        read_csv(file, Columns())


@pytest.mark.parametrize('text', ['arm', 'elbow=x', 'arm=x:inch', 'time=t:deg', 'arm=x:counts/0'])
def test_map_that_means_nothing_is_refused_with_what_does(text):
    with pytest.raises(ValueError, match=r'SIGNAL=NAME|must be one of'):
        parse_columns([text])


def test_folder_gives_what_it_holds(tmp_path):
    for name in ('b.csv', 'a.csv', 'notes.txt'):
        (tmp_path / name).touch()
    assert [path.name for path in find_recordings([tmp_path])] == ['a.csv', 'b.csv']
    with pytest.raises(RecordingError, match='does not exist'):
        find_recordings([tmp_path / 'c.csv'])
    with pytest.raises(RecordingError, match='holds no recording'):
        find_recordings([tmp_path / 'notes.txt'])
