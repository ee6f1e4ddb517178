# SPDX-License-Identifier: Apache-2.0
"""A recording of a simulated robot, through its encoders, and bags that hold one."""

import functools
import os
from pathlib import Path

import numpy as np
import pytest

from furuta_description import dynamics, scalars
from furuta_description.robot import load_robot
from furuta_sysid.result import (
    HORIZONS,
    HorizonError,
    IdentifiedParameter,
    RecordingUse,
    SysidResult,
)
from furuta_sysid.trajectory import Recording

STEP = 1e-3  # [s] of physics
PERIOD = 2e-3  # [s] of samples
START_NS = 1_700_000_000_000_000_000


@functools.cache
def _simulate(name: str, seconds: float) -> Recording:
    robot = load_robot(name)
    k = dynamics.make_coefficients(robot.physics)
    count = round(seconds / PERIOD)
    time = np.arange(count) * PERIOD
    strength = 0.25 * robot.safety.voltage_limit
    voltage = strength * np.sin(2 * np.pi * (0.8 + 0.15 * time) * time)
    state = dynamics.make_state(0.0, 0.05, 0.0, 0.0)
    angles = np.empty((count, 2))
    for i, held in enumerate(voltage):
        angles[i] = state.arm_angle, state.pendulum_angle
        for _ in range(round(PERIOD / STEP)):
            state = dynamics.step(robot.physics, k, state, float(held), STEP, scalars)
    steps = 2 * np.pi / np.array([robot.sensors.arm_counts, robot.sensors.pendulum_counts])
    angles = np.round(angles / steps) * steps
    known = np.ones(count, bool)
    return Recording(
        'made', Path('made'), '', PERIOD, voltage, angles[:, 0], angles[:, 1], known, tuple(steps)
    )


@pytest.fixture
def simulate():
    """Recording of a robot by name, of some seconds."""
    return _simulate


@pytest.fixture
def qube_folder():
    """Recordings of a real QUBE-Servo, which are no part of the project: beside it, or nowhere."""
    beside = Path(__file__).resolve().parents[3].parent / 'shared/data/qube_servo'
    folder = Path(os.environ.get('QUBE_SERVO_DATA', beside))
    if not folder.is_dir():
        pytest.skip(f'no recordings in {folder} (QUBE_SERVO_DATA names another folder)')
    return folder


@pytest.fixture
def write_bag():
    """Writes a bag: `(folder, {topic: [(received ns, message)]}, storage)`."""
    return _write_bag


@pytest.fixture
def messages():
    """The messages of a plant for a recording: joint states and motor states by topic."""
    return _messages


def _write_bag(folder, topics, storage='mcap'):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    plugin = StoragePlugin.MCAP if storage == 'mcap' else StoragePlugin.SQLITE3
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        for topic, timed in topics.items():
            kind = timed[0][1].__msgtype__
            connection = writer.add_connection(topic, kind, typestore=store)
            for received, message in timed:
                writer.write(connection, received, store.serialize_cdr(message, kind))
    return folder


def _messages(recording, names=('arm_joint', 'pendulum_joint')):
    """What a plant would have sent: the voltage of a sample is the one that led to it."""
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY).types
    joints, motors = [], []
    for i in range(len(recording)):
        at = START_NS + round(i * recording.dt * 1e9)
        stamp = types['builtin_interfaces/msg/Time'](at // 10**9, at % 10**9)
        headers = [types['std_msgs/msg/Header'](stamp, '') for _ in range(2)]
        position = np.array([recording.arm_angle[i], recording.pendulum_angle[i]])
        joint = types['sensor_msgs/msg/JointState'](
            headers[0], list(names), position, np.zeros(2), np.zeros(2)
        )
        before = float(recording.voltage[i - 1]) if i else 0.0
        nothing, none = np.zeros(0, np.float32), float('nan')
        motor = types['sensor_msgs/msg/BatteryState'](
            headers[1], before, none, none, none, none, none, none,
            0, 0, 0, True, nothing, nothing, '', '',
        )  # fmt: skip
        joints.append((at + 1_000_000, joint))
        motors.append((at + 1_100_000, motor))
    return {'/joint_states': joints, '/motor/state': motors}


@pytest.fixture
def result():
    """A result of furuta with three parameters: known, unknown, and the delay."""
    robot = load_robot('furuta')
    motor = robot.physics.motor
    return SysidResult(
        robot=robot.name,
        robot_file=str(robot.file),
        robot_hash=robot.hash,
        parameters=(
            IdentifiedParameter(
                'motor.dead_zone', 'V', motor.dead_zone, 0.3, 0.27, 0.36, (0.0, 1.5), True, False,
                ('arm.viscous',),
            ),
            IdentifiedParameter(
                'arm.viscous', 'N m s/rad', 3.9e-4, 4e-4, 0.0, 0.1, (0.0, 0.1), False, True,
                ('motor.dead_zone',),
            ),
            IdentifiedParameter(
                'delay', 's', 0.002, 0.012, 0.0115, 0.0125, (0.0, 0.04), True, False, ()
            ),
        ),
        correlation=((1.0, -0.97, 0.1), (-0.97, 1.0, 0.0), (0.1, 0.0, 1.0)),
        values={'physics.motor.dead_zone': 0.3, 'timing.torque_delay': 0.012},
        errors=tuple(
            HorizonError(horizon, part, 0.2, 0.1, 0.01, 0.004)
            for part in ('training', 'validation')
            for horizon in HORIZONS
        ),
        recordings=(RecordingUse('made', 'made.csv', 'ab' * 32, 4.0, 'training', 0.3),),
        notes=('weigh the pendulum',),
        is_model_right=True,
        options={'lock': []},
        versions={'python': '3.11'},
        seconds=5.0,
    )  # fmt: skip
