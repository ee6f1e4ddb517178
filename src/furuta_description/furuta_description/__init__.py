# SPDX-License-Identifier: Apache-2.0
"""What the robot is: its numbers, its equations, its URDF, its sensing and its safety rules."""
