# SPDX-License-Identifier: Apache-2.0
"""When an episode counts as a success, wherever it takes place: in a batch or on one plant.

The pendulum, at rest at first, is within 10 degrees of upright (`task.UPRIGHT`) all through the
last 5 s of 10 s, and the arm within +-120 degrees throughout.
"""

from __future__ import annotations

import math

EPISODE = 10.0  # [s]
HOLD = 5.0  # [s] at the end of an episode, upright all through
ARM_LIMIT = math.radians(120)  # [rad]
