# SPDX-License-Identifier: Apache-2.0
"""What a process of the control loop takes from the system, where it may."""

import subprocess
import sys

import pytest

TAKE = """
import os, threading
from furuta_description.realtime import PRIORITY, take_priority
threading.Thread(target=threading.Event().wait, daemon=True).start()
if take_priority():
    threads = [int(t) for t in os.listdir('/proc/self/task')]
    print({(os.sched_getscheduler(t), os.sched_getparam(t).sched_priority) for t in threads}
          == {(os.SCHED_FIFO, PRIORITY)})
    print(next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmLck')))
"""


def test_all_threads_get_priority_and_memory_stays():
    """In a process of its own: the tests' own must not hold up others."""
    said = subprocess.run(
        [sys.executable, '-c', TAKE], capture_output=True, text=True, check=True
    ).stdout.split()
    if not said:
        pytest.skip('real-time priority is not allowed here')
    has_priority, locked_kb = said
    assert has_priority == 'True'
    if int(locked_kb) == 0:
        pytest.skip('memory may not be locked here')
    assert int(locked_kb) > 1000
