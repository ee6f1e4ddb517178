# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Link to an emulated board: states lost, age the host adds, round trip, CPU share; exit 0 if fit.

The emulated wire takes no time here, so that what is measured is the host's side: pty, thread,
parser, clock map.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
import tty
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import serial
import tyro
from rich.progress import track

from furuta_description.realtime import take_priority
from furuta_hardware import messages, protocol
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.link import Link

BOUNDS = {'lost': 0.0, 'age p50 [ms]': 0.5, 'age p99 [ms]': 2.0}
COMMAND_PERIOD = 0.0073  # [s] no multiple of the board's, so that no phase is favoured
WARM_UP = 0.5  # [s]
ECHO = 'import os, sys\nwhile True: os.write(int(sys.argv[1]), os.read(int(sys.argv[1]), 4096))'


@dataclass
class Options:
    """Options of the benchmark."""

    rates_hz: tuple[int, ...] = (500, 1000)
    seconds: float = 60.0
    json: Path | None = None


def measure_link(rate_hz: int, seconds: float) -> dict[str, float]:
    """Read and command for some time."""
    ages: list[int] = []
    with EmulatorProcess(baud_rate=0, usb_frame_us=0, jitter_us=0, drift=0.0) as emulator:

        def on_reading(reading) -> None:
            ages.append(reading.arrival_ns - emulator.epoch_ns - reading.state.time_us * 1000)

        with Link(emulator.port, on_reading, rate_hz=rate_hz) as link:
            link.ask(messages.Enable, 1)
            time.sleep(WARM_UP)
            ages.clear()
            link.report()
            lost, cpu, began = link.session.statistics.lost, time.process_time(), time.monotonic()
            for _ in track(range(round(seconds / COMMAND_PERIOD)), f'{rate_hz} Hz'):
                link.command(0.0)
                time.sleep(COMMAND_PERIOD)
            wall = time.monotonic() - began
            cpu = time.process_time() - cpu
            report = link.report()
            counters = link.request(messages.QueryCounters)
            lost = link.session.statistics.lost - lost
    milliseconds = np.array(ages) * 1e-6
    return {
        'states [1/s]': report['rate_hz'],
        'lost': float(lost),
        'age p50 [ms]': float(np.percentile(milliseconds, 50)),
        'age p99 [ms]': float(np.percentile(milliseconds, 99)),
        'age max [ms]': float(milliseconds.max()),
        'round trip p50 [ms]': report['round_trip_ms_p50'],
        'round trip p99 [ms]': report['round_trip_ms_p99'],
        'CPU [%]': 100 * cpu / wall,
        'late steps of the emulator': float(counters.late_steps),
    }


def measure_echo(count: int = 2000) -> float:
    """Median round trip of a command's frame over a bare pyserial port and a pty [ms]."""
    frame = protocol.encode(messages.Command(1, 0.0))
    master, slave = pty.openpty()
    tty.setraw(slave)
    echo = subprocess.Popen([sys.executable, '-c', ECHO, str(master)], pass_fds=[master])
    times = []
    try:
        with serial.Serial(os.ttyname(slave), 921600, timeout=1.0) as port:
            for _ in track(range(count), 'bare echo'):
                began = time.perf_counter()
                port.write(frame)
                data = b''
                while len(data) < len(frame):
                    data += port.read(1) + port.read(port.in_waiting)
                times.append(time.perf_counter() - began)
    finally:
        echo.kill()
        echo.wait()
        os.close(master)
        os.close(slave)
    return float(np.median(times) * 1e3)


def main(options: Options) -> int:
    """Run all and print; 0 if every rate is within the bounds."""
    take_priority()  # as the hardware node does
    echo = measure_echo()
    runs = {rate_hz: measure_link(rate_hz, options.seconds) for rate_hz in options.rates_hz}
    for run in runs.values():
        run['round trip / bare echo'] = run['round trip p50 [ms]'] / echo
    names = list(next(iter(runs.values())))
    rows = [(name, *(run[name] for run in runs.values()), BOUNDS.get(name, '')) for name in names]
    columns = ('', *(f'{rate_hz} Hz' for rate_hz in runs), 'bound')
    output.show(f'link to an emulated board; bare echo {echo:.3f} ms', columns, rows)
    output.write(options.json, {'echo_ms': echo, 'runs': runs})
    is_fit = all(run[name] <= bound for run in runs.values() for name, bound in BOUNDS.items())
    return 0 if is_fit else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench link', description=__doc__)))
