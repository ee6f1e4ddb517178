# SPDX-License-Identifier: Apache-2.0
"""Leaves out what this environment cannot run: tests over topics where there is no rclpy."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec('rclpy') else ['src/*/test/ros', 'src/*/test/ros/*']
