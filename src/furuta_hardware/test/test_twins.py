# SPDX-License-Identifier: Apache-2.0
"""Sensing and safety rules of the board are those of the simulation, to the last bit."""

import ctypes
import math

import numpy as np
import pytest

from furuta_description import sensing
from furuta_description.robot import load_robot
from furuta_description.safety import Fault, Safety
from furuta_hardware import core_library
from furuta_hardware.configuration import current_limit

ROBOTS = [load_robot(name) for name in ('furuta', 'qube_servo_2')]


def readings_of(random, samples):
    """A register that creeps, runs, jumps and goes round, by turns."""
    spread = np.repeat(random.choice([0, 1, 8, 300, 32768], samples // 100), 100)
    steps = (random.uniform(-1, 1, samples) * spread).astype(np.int64)
    return (np.cumsum(steps) & 0xFFFF).astype(np.uint16)


def in_c(readings, zero, tracker):
    counts = np.zeros(len(readings), np.int32)
    angles, velocities = (np.zeros(len(readings), np.float32) for _ in range(2))
    core_library.load().host_track(
        readings.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_size_t(len(readings)),
        zero,
        (ctypes.c_float * 4)(*tracker),
        *(array.ctypes.data_as(ctypes.c_void_p) for array in (counts, angles, velocities)),
    )
    return counts, angles, velocities


def in_python(readings, zero, tracker):
    """All series at once, (samples, B)."""
    readings = readings.astype(np.int32)
    state = sensing.start(readings[0])
    seen = []
    for reading in readings:
        state = sensing.track(state, reading, tracker)
        angle = sensing.angle(state, np.int32(zero), tracker)
        seen.append((state.counts, angle, sensing.velocity(state, tracker)))
    return [np.stack(column) for column in zip(*seen, strict=True)]


@pytest.mark.parametrize('robot', ROBOTS, ids=lambda robot: robot.name)
def test_a_million_samples_are_sensed_alike_to_the_last_bit(robot):
    random = np.random.default_rng(0)
    series = np.stack([readings_of(random, 10_000) for _ in range(50)], axis=1)
    for counts in (robot.sensors.arm_counts, robot.sensors.pendulum_counts):
        tracker = sensing.make_tracker(counts, robot.sensors.velocity_bandwidth, 1e-3)
        python = in_python(series, -321, tracker)
        for i in range(series.shape[1]):
            c = in_c(np.ascontiguousarray(series[:, i]), -321, tracker)
            for mine, theirs in zip(c, python, strict=True):
                assert mine.tobytes() == theirs[:, i].astype(mine.dtype).tobytes()
        assert len(np.unique(python[2])) > 10_000, 'the samples must say something'


class CLimits(ctypes.Structure):
    _fields_ = (('command_timeout_us', ctypes.c_uint32), ('values', ctypes.c_float * 8))


class CMeasurement(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_float)
        for name in ('arm_angle', 'arm_velocity', 'pendulum_velocity', 'current')
    )


class CSafety(ctypes.Structure):
    _fields_ = (
        ('limits', CLimits),
        ('enabled', ctypes.c_bool),
        ('faults', ctypes.c_uint16),
        ('active', ctypes.c_uint16),
        ('refused', ctypes.c_uint32),
        ('limited', ctypes.c_uint32),
        ('timeouts', ctypes.c_uint32),
        ('voltage', ctypes.c_float),
        ('command', ctypes.c_float),
        ('has_command', ctypes.c_bool),
        ('command_us', ctypes.c_uint64),
        ('has_update', ctypes.c_bool),
        ('update_us', ctypes.c_uint64),
        ('still_angle', ctypes.c_float),
        ('still_us', ctypes.c_uint64),
    )


class Core:
    """The rules in C, with the face of `Safety`."""

    def __init__(self, robot):
        library = core_library.load()
        values = (*robot.safety[1:], current_limit(robot))
        limits = CLimits(round(robot.safety.command_timeout * 1e6), (ctypes.c_float * 8)(*values))
        library.safety_start.restype = CSafety
        self.safety = library.safety_start(ctypes.byref(limits))
        self._library = library
        self._me = ctypes.byref(self.safety)
        for function in ('safety_command', 'safety_enable', 'safety_clear_fault'):
            getattr(library, function).restype = ctypes.c_bool
        library.safety_update.restype = ctypes.c_float

    def command(self, voltage, now_us):
        return self._library.safety_command(
            self._me, ctypes.c_float(voltage), ctypes.c_uint64(now_us)
        )

    def enable(self, on):
        return self._library.safety_enable(self._me, ctypes.c_bool(on))

    def clear_fault(self):
        return self._library.safety_clear_fault(self._me)

    def update(self, now_us, *measured, current=math.nan):
        measurement = CMeasurement(*measured, current)
        return self._library.safety_update(
            self._me, ctypes.c_uint64(now_us), ctypes.byref(measurement)
        )


def measured(random, robot, shape):
    """Arm angle and both velocities: most within the limits, some far out or no number."""
    limits = robot.safety
    scale = (limits.arm_limit, limits.arm_speed_limit, limits.pendulum_speed_limit)
    values = random.normal(0, 0.35, (*shape, 3)) * scale
    wild = random.random((*shape, 3)) < 0.004
    values[wild] = random.choice([math.nan, math.inf, -math.inf, 1e38, 3e38, -0.0], wild.sum())
    is_held = random.random(shape[0]) < 0.3  # the arm, all life long
    values[is_held, :, 0] = values[is_held, :1, 0]
    return values.astype(np.float32)


def voltages(random, robot, shape):
    values = random.normal(0, robot.safety.voltage_limit, shape)
    wild = random.random(shape) < 0.02
    values[wild] = random.choice([math.nan, -math.inf, 1e30, 9.9e29, 0.0, 1e-45], wild.sum())
    return values.astype(np.float32)


def live_alike(robot, random, sequences, steps):
    """Put both through random lives; how often each thing happened, so that none is missed."""
    shape = (sequences, steps)
    kinds = random.choice(4, shape, p=(0.75, 0.17, 0.04, 0.04))  # nothing, enable, off, clear
    sent = random.random(shape) < random.choice([0.0, 0.3, 1.0], (sequences, 1))
    volts, samples = voltages(random, robot, shape), measured(random, robot, shape)
    elapsed = random.choice([0, 1000, 1000, 1000, 30_000, 90_000, 10**7], shape)
    elapsed += random.integers(0, 999, shape)
    seen = {'driving': 0, 'stalls': 0, 'faults': 0, 'timeouts': 0, 'refused': 0, 'limited': 0}
    for i in range(sequences):
        python, core = Safety(robot.safety, enabled=False), Core(robot)
        now = int(random.integers(2**40))
        for j in range(steps):
            now += int(elapsed[i, j])
            match kinds[i, j]:
                case 1 | 2 as kind:
                    assert (python.enable(bool(kind == 1)) == '') == core.enable(bool(kind == 1))
                case 3:
                    assert (python.clear_fault() == '') == core.clear_fault()
            if sent[i, j]:
                assert python.command(volts[i, j], now) == core.command(volts[i, j], now)
            mine = np.float32(python.update(now, *samples[i, j]))
            assert mine.tobytes() == np.float32(core.update(now, *samples[i, j])).tobytes()
            c = core.safety
            assert (python.enabled, python.faults) == (c.enabled, c.faults)
            seen['driving'] += mine != 0
            seen['stalls'] += Fault.STALL in python.faults
        assert (python.refused, python.limited, python.timeouts) == (
            *(c.refused, c.limited, c.timeouts),
        )
        for name in ('faults', 'timeouts', 'refused', 'limited'):
            seen[name] += bool(getattr(c, name))
    return seen


@pytest.mark.filterwarnings('ignore:(invalid value|overflow) encountered')
@pytest.mark.parametrize('robot', ROBOTS, ids=lambda robot: robot.name)
def test_random_lives_are_decided_alike_to_the_last_bit(robot):
    seen = live_alike(robot, np.random.default_rng(1), sequences=2000, steps=20)
    assert min(seen.values()) > 50, seen


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore:(invalid value|overflow) encountered')
def test_a_hundred_thousand_random_lives_are_decided_alike_to_the_last_bit():
    seen = live_alike(ROBOTS[0], np.random.default_rng(2), sequences=100_000, steps=8)
    assert min(seen.values()) > 1000, seen


def test_too_much_current_latches_the_motor_off_and_no_measurement_does_not():
    core = Core(ROBOTS[0])
    limit = current_limit(ROBOTS[0])
    core.update(0, 0.0, 0.0, 0.0)
    assert core.safety.faults == 0
    for current, faults in ((limit * 0.99, 0), (-limit * 1.01, Fault.CURRENT), (0.0, 16)):
        core.update(1000, 0.0, 0.0, 0.0, current=current)
        assert core.safety.faults == faults
    assert not core.enable(True)
    assert core.clear_fault() and core.enable(True)
