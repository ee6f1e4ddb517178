# SPDX-License-Identifier: Apache-2.0
"""The doctor on this machine and on machines that lack things."""

import os
import sys
from pathlib import Path

import pytest

from furuta_bringup import debian, doctor
from furuta_bringup.doctor import Result

ABSENT = debian.Need('nonsense', ('no-such-package', 'another'), lambda: False)
PRESENT = debian.Need('sense', ('some-package',), lambda: True)


def test_this_python_is_accepted_and_an_old_one_is_not():
    assert doctor.check_python().status == 'ok'
    assert doctor.check_python((3, 10, 4)).status == 'fail'
    assert doctor.check_python((3, 13, 0)).status == 'fail'


def test_missing_message_packages_are_named():
    result = doctor.check_messages(['os', 'no_such_msgs'])
    assert result.status == 'fail'
    assert 'no_such_msgs' in result.detail and 'os,' not in result.detail
    assert result.remedy


def test_no_serial_port_is_no_failure(tmp_path: Path):
    assert doctor.check_serial([f'{tmp_path}/tty*']).status == 'warn'


@pytest.mark.skipif(os.geteuid() == 0, reason='root may open every port')
def test_a_port_without_permission_names_the_group_to_join(tmp_path: Path):
    port = tmp_path / 'ttyUSB0'
    port.touch(mode=0o000)
    result = doctor.check_serial([f'{tmp_path}/tty*'])
    assert result.status == 'warn' and str(port) in result.detail
    assert f'usermod -aG {port.group()} ' in result.remedy


def test_a_usable_port_is_listed(tmp_path: Path):
    (tmp_path / 'ttyACM0').touch()
    result = doctor.check_serial([f'{tmp_path}/tty*'])
    assert result.status == 'ok' and 'ttyACM0' in result.detail


def test_a_process_that_hangs_is_given_up():
    worked, answer = doctor.ask([sys.executable, '-c', 'import time; time.sleep(60)'], 0.2)
    assert not worked and 'no answer' in answer


def test_a_process_that_fails_tells_its_last_line():
    worked, answer = doctor.ask([sys.executable, '-c', 'raise ValueError("so it is")'], 20)
    assert not worked and answer == 'ValueError: so it is'


def test_a_command_that_is_not_there_is_no_crash():
    assert not doctor.ask(['no-such-command-here'], 1)[0]


def test_jax_is_not_asked_for_before_it_is_set_up(tmp_path: Path):
    assert 'not set up' in doctor.check_jax(tmp_path / 'python').detail


def test_a_broken_training_environment_is_reported_with_its_remedy(tmp_path: Path):
    python = tmp_path / 'train/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho no jax here >&2; exit 1\n')
    python.chmod(0o755)
    result = doctor.check_jax(python)
    assert result.status == 'warn' and result.detail == 'no jax here' and result.remedy


def test_missing_system_packages_come_with_their_apt_line():
    absent, present = doctor.check_system_packages([ABSENT, PRESENT])
    assert absent.remedy == 'sudo apt-get install -y no-such-package another'
    assert present == Result('sense', 'ok', 'some-package')


def test_a_full_disk_is_told(tmp_path: Path):
    assert doctor.check_disk(tmp_path, needed=0).status == 'ok'
    assert doctor.check_disk(tmp_path, needed=1e18).status == 'warn'


def test_a_slow_governor_is_told(tmp_path: Path):
    governor = tmp_path / 'scaling_governor'
    governor.write_text('powersave\n')
    assert doctor.check_cpu(governor).status == 'warn'
    governor.write_text('performance\n')
    assert doctor.check_cpu(governor).status == 'ok'


def test_priority_that_is_not_allowed_is_told_with_how_to_get_it():
    without = ('setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice')
    python = (sys.executable, '-c', doctor.TRY_PRIORITY)
    result = doctor.check_priority((*without, *python))
    assert result.status == 'warn' and 'limits.d' in result.remedy


def test_checks_keep_their_order_and_may_return_several():
    a, b, c = (Result(name, 'ok', '') for name in 'abc')
    assert doctor.run_checks([lambda: a, lambda: [b, c]]) == [a, b, c]
