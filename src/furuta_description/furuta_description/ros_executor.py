# SPDX-License-Identifier: Apache-2.0
"""The executor of nodes in the control loop: one subscription first, all else in between.

rclpy's own executor takes 0.16 ms from a message to its callback; waiting for one subscription
alone takes a third of that (docs/decisions/0009). All callbacks stay in one thread.
"""

from __future__ import annotations

import math
import os
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
ALERT = 0.3e-3  # [s] before and after the time a message is expected that it is looked for


class Urgent:
    """A polled subscription whose messages are waited for, and called back one by one."""

    def __init__(
        self,
        node: Node,
        subscription: Subscription,
        callback: Callable[[Any, dict[str, Any]], bool],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait for what comes on a subscription made by `ros_polling.poll`.

        Args:
            node: the subscription's.
            subscription: no executor serves it.
            callback: gets a message with the middleware's info; says whether there is time now
                for what is not urgent.
            prepare: called right before an expected message.
        """
        self._handle, self._kind = subscription.handle, subscription.msg_type
        self._raw = subscription.raw
        self._callback, self._prepare = callback, prepare
        self._expected = -math.inf
        self._wait_set = rclpy_implementation.WaitSet(1, 0, 0, 0, 0, 0, node.context.handle)

    def expect(self, ahead: float) -> None:
        """The next message that matters will come in so many seconds.

        A thread that slept takes 0.1 ms longer to have it, and as much to act on it.
        """
        self._expected = time.monotonic() + ahead

    def handle(self, timeout: float) -> bool:
        """Wait for a message for up to `timeout` [s] and call back what has come.

        Returns:
            Whether there is time now for what is not urgent.
        """
        has_time = False
        with self._handle:
            taken = self._first(time.monotonic() + timeout)
            while taken:
                has_time = self._callback(*taken)
                taken = self._take()
        return has_time

    def _first(self, end: float) -> Any:
        """The message that comes first, before `end`; None if none does."""
        if (alert := self._expected - ALERT) > time.monotonic():
            self._sleep(min(alert, end))
            if (taken := self._take()) or time.monotonic() < alert:
                return taken
        if time.monotonic() < self._expected + ALERT:
            self._prepare()
            while time.monotonic() < self._expected + ALERT:
                if taken := self._take():
                    return taken
                os.sched_yield()  # lets other threads have the interpreter
        self._sleep(end)
        return self._take()

    def _take(self) -> Any:
        return self._handle.take_message(self._kind, self._raw)

    def _sleep(self, end: float) -> None:
        """Until there is a message, or until `end`."""
        self._wait_set.clear_entities()
        self._wait_set.add_subscription(self._handle)
        self._wait_set.wait(max(int((end - time.monotonic()) * 1e9), 0))


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
            has_time = urgent.handle(PATIENCE)
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
