# SPDX-License-Identifier: Apache-2.0
"""A message that a process sends to itself over DDS: prints how long it took [ms].

`furuta doctor` runs it as a process of its own, so that a middleware that hangs or dies is seen.
"""

from __future__ import annotations

import sys
import time

import rclpy
from std_msgs.msg import Float64MultiArray

WAIT = 10.0  # [s] discovery may take over a second on a busy machine


def main() -> int:
    """Send until one message arrives; exit status 1 if none did."""
    rclpy.init()
    node = rclpy.create_node('furuta_loopback')
    took: list[float] = []
    node.create_subscription(
        Float64MultiArray,
        'furuta_loopback',
        lambda message: took.append(time.monotonic() - message.data[0]),
        1,
    )
    publisher = node.create_publisher(Float64MultiArray, 'furuta_loopback', 1)
    end = time.monotonic() + WAIT
    while len(took) < 10 and time.monotonic() < end:
        publisher.publish(Float64MultiArray(data=[time.monotonic()]))
        rclpy.spin_once(node, timeout_sec=0.1)
    if took:
        print(f'{min(took) * 1e3:.2f}')
    node.destroy_node()
    rclpy.shutdown()
    return 0 if took else 1


if __name__ == '__main__':
    sys.exit(main())
