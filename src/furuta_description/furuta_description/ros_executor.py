# SPDX-License-Identifier: Apache-2.0
"""The executor of nodes in the control loop: one subscription first, all else in between.

rclpy's own executor takes 0.16 ms from a message to its callback; waiting for one subscription
alone takes a third of that (docs/decisions/0009). All callbacks stay in one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.executors import (
    ConditionReachedException,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
)
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.subscription import Subscription

SERVE_PERIOD = 0.02  # [s] between looks at timers and services, right after a callback
PATIENCE = 0.05  # [s] after which they are looked at whatever the messages do
AT_ONCE = 4  # callbacks of timers and services in one look


class Urgent:
    """A polled subscription whose messages are waited for, and called back one by one."""

    def __init__(
        self,
        node: Node,
        subscription: Subscription,
        callback: Callable[[Any, dict[str, Any]], bool],
    ) -> None:
        """Wait for what comes on a subscription made by `ros.poll`.

        Args:
            node: the subscription's.
            subscription: no executor serves it.
            callback: gets a message with the middleware's info; says whether there is time now
                for what is not urgent.
        """
        self._handle, self._kind = subscription.handle, subscription.msg_type
        self._raw = subscription.raw
        self._callback = callback
        self._wait_set = rclpy_implementation.WaitSet(1, 0, 0, 0, 0, 0, node.context.handle)

    def wait(self, timeout: float) -> None:
        """Return when there is a message, or after `timeout` [s]."""
        with self._handle:
            self._wait_set.clear_entities()
            self._wait_set.add_subscription(self._handle)
            self._wait_set.wait(int(timeout * 1e9))

    def handle(self) -> bool:
        """Call back what has come; whether there is time now for what is not urgent."""
        has_time = False
        with self._handle:
            while taken := self._handle.take_message(self._kind, self._raw):
                has_time = self._callback(*taken)
        return has_time


class PromptExecutor(SingleThreadedExecutor):
    """Serves the attribute `urgent` of its node first, once the node has made one."""

    def spin(self) -> None:
        """Execute callbacks until shutdown."""
        served = time.monotonic()
        while self.context.ok() and not self._is_shutdown:
            urgent = next((n.urgent for n in self.get_nodes() if hasattr(n, 'urgent')), None)
            if urgent is None:
                self.spin_once()
                continue
            urgent.wait(PATIENCE)
            has_time = urgent.handle()
            waited = time.monotonic() - served
            if waited > PATIENCE or (has_time and waited > SERVE_PERIOD):
                self._serve()
                served = time.monotonic()

    def _serve(self) -> None:
        for _ in range(AT_ONCE):
            try:
                handler, _, _ = self.wait_for_ready_callbacks(timeout_sec=0)
            except (ConditionReachedException, ShutdownException, TimeoutException):
                return
            handler()
            handler.result()  # raises what the callback raised
