# SPDX-License-Identifier: Apache-2.0
"""Real-time priority for the loop between plant and controller, where the user may have it."""

from __future__ import annotations

import os

PRIORITY = 50  # as ros2_control's controller manager takes


def take_priority() -> bool:
    """Put this thread, and all that it starts from now on, before whatever is not real-time.

    Returns:
        Whether the system allowed it: to root, and to users with a limit `rtprio` of 50 or more.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError):  # not allowed; no Linux
        return False
    return True
