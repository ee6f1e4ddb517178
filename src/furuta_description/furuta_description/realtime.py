# SPDX-License-Identifier: Apache-2.0
"""Real-time priority and memory that stays for the loop between plant and controller.

Both only where the user may have them.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

PRIORITY = 50  # as ros2_control's controller manager takes
MCL_CURRENT, MCL_ONFAULT = 1, 4  # of Linux' mlockall(2): what is mapped now, once it is there


def take_priority() -> bool:
    """Put this process's threads, and all that they start, before whatever is not real-time.

    Once it is set up: what takes long must not hold up those that are at work already. What it has
    in memory by then stays there, where the user may lock it: code that runs once a second is else
    dropped by a system short of memory, and read from the disk anew while a step waits.

    Returns:
        Whether the system allowed the priority: to root, and to users with a limit `rtprio` of 50
        or more.
    """
    try:
        for thread in os.listdir('/proc/self/task'):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError):  # not allowed; no Linux
        return False
    ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_ONFAULT)
    return True
