# SPDX-License-Identifier: Apache-2.0
"""What a controller sees and what the plant gets over disturbed links, without topics."""

import time
from contextlib import closing
from typing import NamedTuple

import pytest

from furuta_description.injection import Injection
from furuta_rl.injected import Injected


class Sample(NamedTuple):
    stamp: float
    arm_angle: float
    pendulum_angle: float
    arm_velocity: float
    pendulum_velocity: float


class Seen(NamedTuple):
    sample: Sample
    message: str = 'message'
    info: str = 'info'


class Doubler:
    """Answers with twice the pendulum's angle; with 9 V where it sees nothing."""

    def __init__(self):
        self.samples, self.driven = [], []

    def act(self, seen):
        self.samples.append(seen.sample)
        return 2 * seen.sample.pendulum_angle

    def act_blind(self, seen):
        return 9.0

    def drive(self, voltage, cause):
        self.driven.append((voltage, cause))


def run(angles, **settings):
    """What a controller was told and drove under settings such as `command__delay`."""
    values = {name.replace('__', '.'): value for name, value in settings.items()}
    doubler = Doubler()
    injection = Injection().with_values(values)
    with closing(Injected(injection, doubler, time.monotonic_ns, lambda: None)) as injected:
        for stamp, angle in enumerate(angles):
            injected.observe(Seen(Sample(float(stamp), 0.5, angle, 1.0, 2.0)))
            time.sleep(0.002)
        time.sleep(0.1)
        return doubler, injected.values()


def test_samples_keep_their_stamps_and_both_ways_take_their_time():
    began = time.monotonic_ns()
    doubler, values = run([1.0, 2.0], observation__delay=0.02, command__delay=0.03)
    assert [s.stamp for s in doubler.samples] == [0.0, 1.0]
    assert [voltage for voltage, _ in doubler.driven] == [2.0, 4.0]
    message, info, taken, computed = doubler.driven[0][1]
    assert (message, info) == ('message', 'info')
    assert 20e6 <= taken - began < 35e6 and computed >= taken
    assert values['injection'] == 'observation: delay 0.02; command: delay 0.03'


def test_controller_sees_changed_angles_and_the_plant_a_changed_voltage():
    """Pendulum 1 + 0.25 = 1.25, so 2.5 V, of which half arrives."""
    doubler, _ = run([1.0], observation__pendulum_bias=0.25, command__scale=0.5)
    assert doubler.samples == [(0.0, 0.5, 1.25, 1.0, 2.0)]
    assert doubler.driven[0][0] == 1.25


def test_lost_sample_is_a_blind_step_and_lost_voltage_none():
    doubler, values = run([1.0] * 5, observation__dropout=1.0)
    assert doubler.samples == [] and [v for v, _ in doubler.driven] == [9.0] * 5
    assert values['lost_samples'] == 5
    doubler, values = run([1.0] * 5, command__dropout=1.0)
    assert len(doubler.samples) == 5 and doubler.driven == []
    assert values['lost_voltages'] == 5
    doubler, _ = run([1.0] * 5, command__dropout=1.0, command__hold=False)
    assert [v for v, _ in doubler.driven] == [0.0] * 5


@pytest.mark.parametrize('angle', [float('nan'), float('inf')])
def test_voltage_that_is_no_number_arrives_as_zero(angle):
    doubler, _ = run([angle], command__bias=1.0)
    assert doubler.driven[0][0] == 0.0


def test_unusable_recording_is_refused():
    settings = {'command__distribution': 'recorded', 'command__recording': 'none.csv'}
    with pytest.raises(ValueError, match=r"recording 'none.csv': No such file"):
        run([1.0], **settings)
