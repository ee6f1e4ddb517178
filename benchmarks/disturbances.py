# SPDX-License-Identifier: Apache-2.0
"""What may run beside a control loop, or be done to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from furuta_bringup.processes import Processes, StackError
from furuta_bringup.stack import NodeSpec
from furuta_description.files import robot_file

CASES = ('nothing', 'paused', 'slow', 'recorder', 'browsers')
PAUSE = 0.2  # [s] that a process stands still
PATIENCE = 120.0  # [s] for a browser to close, on a machine without a GPU
SLOW = """
import os, sys, threading, time, rclpy
from furuta_description import ros
rclpy.init()
node = rclpy.create_node('slow')
for kind, topic in ((ros.JointState, ros.JOINT_STATES), (ros.Float64MultiArray, ros.COMMANDS)):
    node.create_subscription(kind, topic, lambda message: time.sleep(0.2), 1000)
threading.Thread(target=rclpy.spin, args=(node,), daemon=True).start()
sys.stdin.read()  # until the other end is gone
os._exit(0)
"""
BROWSER = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path=sys.argv[1], args=[
        '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
        '--no-sandbox'])
    page = browser.new_page()
    page.goto(sys.argv[2])
    page.get_by_text('Stop motor').wait_for(timeout=60000)
    print('open', flush=True)
    sys.stdin.read()  # until the other end is gone
    browser.close()
"""


def pause(pid: int) -> None:
    """Have a process stand still for a while."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(PAUSE)
    os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def beside(case: str, robot: str) -> Iterator[None]:
    """What runs beside the loop in a case.

    Raises:
        StackError: it cannot be started.
    """
    with contextlib.ExitStack() as ends:
        if case == 'slow':
            ends.enter_context(_program(SLOW))
        elif case == 'recorder':
            folder = ends.enter_context(tempfile.TemporaryDirectory())
            recorder = NodeSpec('furuta_bringup', 'record_node', {'bag': f'{folder}/bag'})
            ends.enter_context(Processes([recorder], print)).start()
        elif case == 'browsers':
            _open_page_twice(ends, robot)
        time.sleep(1.0)
        yield


def _open_page_twice(ends: contextlib.ExitStack, robot: str) -> None:
    """The twin, and two browsers with its page."""
    chromium = shutil.which('chromium') or shutil.which('chromium-browser')
    if chromium is None:
        raise StackError('no Chromium for the case browsers: apt-get install -y chromium')
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    said: list[str] = []
    node = NodeSpec('furuta_bringup', 'twin_node', {'robot': str(robot_file(robot)), 'port': port})
    twin = ends.enter_context(Processes([node], said.append))
    twin.start()
    while not any('page at' in line for line in said):
        twin.check()
        time.sleep(0.1)
    address = f'http://127.0.0.1:{port}'
    browsers = [ends.enter_context(_program(BROWSER, chromium, address)) for _ in range(2)]
    for browser in browsers:
        if browser.stdout.readline() != 'open\n':
            raise StackError('a browser did not open the page; its words are above')


@contextlib.contextmanager
def _program(text: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program that ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, '-c', text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is ours
    )
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
