# SPDX-License-Identifier: Apache-2.0
"""The browser twin in a real Chromium, with the real simulated plant and controller."""

import io
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import rclpy
from PIL import Image
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Float64MultiArray

from furuta_description import ros
from furuta_hardware.emulator_process import EmulatorProcess

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
CHROMIUM_FLAGS = [
    '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-quic', '--no-first-run',
]  # fmt: skip
SCENE = {'x': 420, 'y': 160, 'width': 520, 'height': 540}  # between the panels, under the notes
SCALE = 0.5  # screen pixels per page pixel: rendering without a GPU is slow
PATIENCE = 30.0  # [s] for anything that has to come, on a busy machine without a GPU
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason='needs Chromium: apt-get install -y chromium'
)


def command(module: str, *parameters: str) -> list[str]:
    words = [sys.executable, '-m', module, '--ros-args']
    for parameter in parameters:
        words += ['-p', parameter]
    return words


@contextmanager
def node(module: str, *parameters: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command(module, *parameters))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def plant(*parameters: str) -> Any:
    return node('furuta_sim.sim_node', 'start.spread:=0.0', *parameters)


class Listener(rclpy.node.Node):
    """Newest command and newest voltage at the motor, with the time they came."""

    def __init__(self) -> None:
        super().__init__('listener')
        self.commands: list[tuple[float, float]] = []
        self.voltage: float | None = None
        self.create_subscription(
            Float64MultiArray, ros.COMMANDS, self._on_command, ros.COMMAND_QOS
        )
        self.create_subscription(BatteryState, ros.MOTOR_STATE, self._on_motor, ros.SENSOR_QOS)

    def _on_command(self, message: Float64MultiArray) -> None:
        self.commands.append((time.monotonic(), message.data[0]))

    def _on_motor(self, message: BatteryState) -> None:
        self.voltage = message.voltage

    def commanded(self, within: float = 0.3) -> float | None:
        """Newest command [V], None if there was none `within` the last seconds."""
        if not self.commands or time.monotonic() - self.commands[-1][0] > within:
            return None
        return self.commands[-1][1]


@pytest.fixture(scope='module')
def listener() -> Iterator[Listener]:
    rclpy.init()
    executor = SingleThreadedExecutor()
    listener = Listener()
    executor.add_node(listener)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield listener
    executor.shutdown()
    thread.join()
    listener.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope='module')
def port() -> Iterator[int]:
    with socket.create_server(('127.0.0.1', 0)) as free:
        number = int(free.getsockname()[1])
    with node('furuta_bringup.twin_node', f'port:={number}') as twin:
        wait_for(lambda: can_connect(number), 'the page')
        yield number
        started = time.monotonic()
        twin.send_signal(signal.SIGINT)
        assert twin.wait(5) == 0
        assert time.monotonic() - started < 2, 'Ctrl-C did not end the twin at once'


@pytest.fixture(scope='module')
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def shared_plant(port: int) -> Iterator[None]:
    with plant():
        yield


@pytest.fixture
def page(browser: Any, port: int) -> Iterator[Any]:
    page = open_page(browser, port)
    yield page
    page.close()


def open_page(browser: Any, port: int) -> Any:
    page = browser.new_page(viewport={'width': 1280, 'height': 760}, device_scale_factor=SCALE)
    page.goto(f'http://127.0.0.1:{port}')
    page.get_by_text('Stop motor').wait_for(timeout=1000 * PATIENCE)
    return page


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], what: str, page: Any = None) -> None:
    """Wait, giving the browser's driver its turns."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f'{what} did not come'
        page.wait_for_timeout(50) if page else time.sleep(0.05)


def see(page: Any, text: str) -> None:
    page.get_by_text(text).first.wait_for(timeout=1000 * PATIENCE)


def start_driving(page: Any) -> None:
    see(page, 'Tick drive')
    page.get_by_role('checkbox').first.check()
    wait_for(lambda: is_driving(page), 'the hand drive', page)


def is_driving(page: Any) -> bool:
    return bool(page.get_by_text('Hold').first.is_enabled())


def slider_box(page: Any) -> Any:
    return page.locator('input[inputmode]').first


def set_slider(page: Any, volts: str) -> None:
    slider_box(page).fill(volts)
    slider_box(page).press('Enter')


def pendulum_height(page: Any) -> float:
    """From the middle of the (blue) arm up to the middle of the (orange) pendulum [page pixel]."""
    shot = Image.open(io.BytesIO(page.screenshot(clip=SCENE))).convert('RGB')
    red, green, blue = np.moveaxis(np.asarray(shot, int), -1, 0)
    orange = (red > 150) & (red > green + 50) & (green > blue + 20)
    bluish = (blue > 130) & (blue > red + 60)
    assert orange.sum() > 30 and bluish.sum() > 30, 'the machine is not to be seen'
    return float(np.nonzero(bluish)[0].mean() - np.nonzero(orange)[0].mean()) / SCALE


@needs_chromium
def test_page_waits_then_is_live_then_marks_a_dead_plant_stale(page: Any) -> None:
    see(page, 'waiting for joint_states')
    assert not page.get_by_text('Reset simulation').is_visible()
    with plant() as sim:
        see(page, 'live')
        see(page, 'plant: ok')
        see(page, 'Reset simulation')
        sim.kill()
        see(page, 'STALE')


@needs_chromium
def test_pendulum_in_pixels_swings_from_hanging_to_upright(page: Any) -> None:
    with plant():
        see(page, 'live')
        page.wait_for_timeout(500)
        assert pendulum_height(page) < -20
        with node('furuta_rl.classical_node'):
            wait_for(lambda: pendulum_height(page) > 60, 'the pendulum up there', page)
            see(page, 'classical_node commands the motor')
            page.get_by_role('checkbox').first.click()
            see(page, 'stop it first')
            page.wait_for_timeout(300)
            assert not is_driving(page), 'two would command the motor'


@needs_chromium
def test_slider_and_arrow_keys_drive_and_stop_makes_the_voltage_zero(
    page: Any, listener: Listener, shared_plant: None
) -> None:
    see(page, 'live')
    start_driving(page)
    set_slider(page, '0.3')
    wait_for(lambda: listener.voltage == pytest.approx(0.3), 'the voltage', page)

    page.keyboard.down('ArrowLeft')
    wait_for(lambda: listener.commanded() == -2.0, 'the left arrow', page)
    page.keyboard.up('ArrowLeft')
    wait_for(lambda: listener.commanded() == 0.3, 'the end of the key', page)
    page.keyboard.down('ArrowRight')
    wait_for(lambda: listener.commanded() == 2.0, 'the right arrow', page)
    page.wait_for_timeout(500)
    assert listener.commanded() == 2.0, 'a held key must hold'
    page.keyboard.up('ArrowRight')
    times = [at for at, _ in listener.commands]
    assert np.median(np.diff(times)) < 0.05, 'half the time-out of the plant'

    wait_for(lambda: listener.voltage == pytest.approx(0.3), 'the voltage again', page)
    page.get_by_text('Stop motor').click()
    wait_for(lambda: listener.voltage == 0.0, '0 V', page)
    see(page, 'motor off')
    assert not is_driving(page)
    wait_for(lambda: listener.commanded() is None, 'the end of the commands', page)
    page.get_by_text('Enable motor').click()
    see(page, 'motor on')


@needs_chromium
def test_escape_stops_and_enable_takes_the_motor_back(
    page: Any, listener: Listener, shared_plant: None
) -> None:
    see(page, 'live')
    start_driving(page)
    set_slider(page, '0.3')
    wait_for(lambda: listener.voltage == pytest.approx(0.3), 'the voltage', page)
    page.keyboard.press('Escape')
    wait_for(lambda: listener.voltage == 0.0, '0 V', page)
    see(page, 'motor off')
    page.get_by_text('Enable motor').click()
    see(page, 'motor on')


@needs_chromium
def test_two_browsers_see_the_same_and_a_driver_who_leaves_lets_go(
    browser: Any, port: int, listener: Listener, shared_plant: None
) -> None:
    driver, guest = open_page(browser, port), open_page(browser, port)
    see(driver, 'live')
    see(guest, 'live')
    start_driving(driver)
    set_slider(driver, '0.2')
    wait_for(lambda: slider_box(guest).input_value() == '0.2', 'the slider', guest)
    wait_for(lambda: listener.commanded() == 0.2, 'the command', guest)
    driver.close()
    wait_for(lambda: listener.commanded() is None, 'the end of the commands', guest)
    see(guest, 'live')
    guest.close()


@needs_chromium
def test_fault_of_the_real_plant_is_told_and_cleared_and_the_motor_enabled(page: Any) -> None:
    with EmulatorProcess() as board, node('furuta_hardware.hardware_node', f'port:={board.port}'):
        see(page, 'motor off')
        page.get_by_text('Enable motor').click()
        see(page, 'motor on')
        board.tell('glitch pendulum 3000')
        see(page, 'plant: pendulum too fast')
        see(page, 'motor off')
        page.get_by_text('Clear fault').click()
        page.get_by_text('plant: pendulum too fast').first.wait_for(
            state='hidden', timeout=1000 * PATIENCE
        )
        see(page, 'motor off')  # once the page has drawn its banner anew
        assert not page.get_by_text('motor on').is_visible(), 'clearing must not enable'
        board.tell('unplug')
        see(page, 'plug the board in again')


def test_taken_port_is_a_clear_error() -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        number = taken.getsockname()[1]
        twin = subprocess.run(
            command('furuta_bringup.twin_node', f'port:={number}'),
            capture_output=True,
            text=True,
            timeout=30,
        )
    text = twin.stdout + twin.stderr
    assert twin.returncode == 2
    assert f'port {number} on 127.0.0.1' in text and 'choose another' in text
    assert 'Traceback' not in text
