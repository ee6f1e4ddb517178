# SPDX-License-Identifier: Apache-2.0
"""`furuta rehearse` as a user runs it: emulator, firmware, topics; stopped after a plant."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_rl.criterion import EPISODE
from furuta_sysid.bag import read_bag

FURUTA = [sys.executable, '-m', 'furuta_bringup.cli']


@pytest.mark.slow
def test_stopped_rehearsal_keeps_what_it_has_met_with_a_bag_that_replays(tmp_path):
    out = tmp_path / 'rehearsal'
    command = subprocess.Popen(
        [*FURUTA, 'rehearse', '--plants', '9', '--again', '0', '--out', str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    result, deadline = out / 'rehearsal.json', time.monotonic() + 60
    while not result.exists():
        assert command.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)  # into the start of the next plant
    command.send_signal(signal.SIGINT)
    output = command.communicate(timeout=20)[0]
    assert command.returncode == 130
    assert 'stopped after 1 of 9 plants' in output and 'Traceback' not in output

    (outcome,) = json.loads(result.read_text())['outcomes']
    assert [folder.name for folder in (out / 'worst').iterdir()] == ['plant_000']
    recording = read_bag(out / 'worst' / 'plant_000', load_robot('furuta'))
    assert recording.duration >= EPISODE
    assert np.abs(recording.arm_angle).max() == pytest.approx(outcome['arm_max'], abs=0.01)


def test_mistake_is_answered_with_what_is_valid():
    command = [*FURUTA, 'rehearse', '--policy', 'none.onnx']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and 'no policy' in done.stderr
    assert 'Traceback' not in done.stderr
