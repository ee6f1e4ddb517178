# SPDX-License-Identifier: Apache-2.0
"""A subscription that is waited for: expected messages, early ones, and those that never come."""

import threading
import time

import pytest
import rclpy
from std_msgs.msg import Float64MultiArray

from furuta_description import ros, ros_polling
from furuta_description.ros_executor import ALERT, Urgent


class Heard:
    """An urgent subscription in this process, and when what happened [s]."""

    def __init__(self):
        rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
        self.node = rclpy.create_node('urgent')
        self._publisher = self.node.create_publisher(Float64MultiArray, 'words', 10)
        self.prepared, self.came = [], []
        self.urgent = Urgent(
            self.node,
            ros_polling.poll(self.node, Float64MultiArray, 'words', 10),
            lambda message, info: self.came.append(time.monotonic()) or True,
            lambda: self.prepared.append(time.monotonic()),
        )
        while not self._publisher.get_subscription_count():
            time.sleep(0.01)

    def say_in(self, seconds):
        word = ros.command_message(0.0)
        threading.Timer(seconds, self._publisher.publish, (word,)).start()


@pytest.fixture
def heard():
    heard = Heard()
    yield heard
    heard.node.destroy_node()
    rclpy.shutdown()


def test_expected_message_is_prepared_for_right_before(heard):
    for _ in range(10):  # a busy machine may wake it too late to prepare
        heard.prepared, heard.came = [], []
        expected = time.monotonic() + 0.1
        heard.urgent.expect(0.1)
        heard.say_in(0.15)
        assert heard.urgent.handle(1.0)
        (came,) = heard.came
        assert all(expected - ALERT <= prepared < came for prepared in heard.prepared)
        if len(heard.prepared) == 1:
            return
    raise AssertionError('never prepared')


def test_early_message_is_not_kept_waiting(heard):
    heard.urgent.expect(0.5)
    heard.say_in(0.1)
    began = time.monotonic()
    assert heard.urgent.handle(1.0)
    assert not heard.prepared
    assert heard.came[0] - began < 0.4


def test_wait_ends_without_a_message(heard):
    for ahead in (0.05, 5.0, -5.0):  # before and after the end, and in the past
        heard.urgent.expect(ahead)
        began = time.monotonic()
        assert not heard.urgent.handle(0.2)
        assert 0.19 < time.monotonic() - began < 1.0
    assert len(heard.prepared) <= 1
