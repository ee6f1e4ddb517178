# SPDX-License-Identifier: Apache-2.0
"""Real-time priority for the loop between plant and controller, where the user may have it."""

from __future__ import annotations

import os
from contextlib import suppress

PRIORITY = 50  # as ros2_control's controller manager takes


def take_priority() -> bool:
    """Put this process's threads, and all that they start, before whatever is not real-time.

    Once it is set up: what takes long must not hold up those that are at work already.

    Returns:
        Whether the system allowed it: to root, and to users with a limit `rtprio` of 50 or more.
    """
    try:
        for thread in os.listdir('/proc/self/task'):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError):  # not allowed; no Linux
        return False
    return True
