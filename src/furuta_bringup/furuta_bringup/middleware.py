# SPDX-License-Identifier: Apache-2.0
"""Settings of the middleware that the suite's processes share; what the user has set stays."""

from __future__ import annotations

import os
from pathlib import Path

PROFILES_FILE = Path(__file__).parent / 'config' / 'fastdds.xml'


def discovery_settings() -> dict[str, str]:
    """Environment variables with which participants meet quickly."""
    return {'FASTRTPS_DEFAULT_PROFILES_FILE': str(PROFILES_FILE)}


def apply() -> None:
    """Set them for this process and those it starts, and keep to the loopback interface.

    Students side by side must not drive each other's plant; whoever wants the network says so
    with ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET.
    """
    settings = discovery_settings()
    if 'ROS_LOCALHOST_ONLY' not in os.environ:
        settings['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    for name, value in settings.items():
        os.environ.setdefault(name, value)
