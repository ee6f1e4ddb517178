# SPDX-License-Identifier: Apache-2.0
"""A trained policy as the robot runs it: an ONNX file, checked when it is loaded.

The file says which robot, task, rate and observation it is for (`PolicyCard`), and carries
observations with the actions that the trainer's network gave: a file that computes anything
else, whatever the damage, is refused. Needs numpy and onnxruntime only.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

INPUT, OUTPUT = 'observation', 'action'
METADATA_KEY = 'furuta_policy'
FORMAT = 1  # of the card; a new one when a reader of the old one would go wrong
CHECK_TOLERANCE = 1e-4  # other processors round otherwise; measured 1e-6 between numpy and ours
LARGEST = 1e15  # no observation is that long in SI units

Float32Array = NDArray[np.float32]


class PolicyError(ValueError):
    """A policy file cannot be used; the message says which file, why, and what would be valid."""


@dataclass(frozen=True)
class PolicyCard:
    """What a policy is for and where it comes from; travels in its file as JSON."""

    task: str
    """name of the task"""
    layout: tuple[str, ...]
    """name of each entry of the observation, in order"""
    control_rate_hz: float
    """steps per second"""
    voltage_scale: float
    """voltage of an action of 1 [V]"""
    robot: str
    """name of the robot"""
    robot_hash: str
    """`Robot.hash` of its numbers"""
    git_hash: str
    """version of the suite that trained it"""
    training: Mapping[str, Any]
    """summary of the training, for readers"""


@dataclass(frozen=True)
class Requirements:
    """What a policy must have been made for, to be run here."""

    task: str
    layout: tuple[str, ...]
    control_rate_hz: float
    robot_hash: str


class Policy:
    """A checked policy: observation in, action out, 0 rather than what is not a number."""

    def __init__(self, file: str | Path, requirements: Requirements) -> None:
        """Load and check a file.

        Raises:
            PolicyError: it is damaged, or made for something else.
        """
        self.file = Path(file)
        self._session = _make_session(self.file)
        self.card, observations, actions = _read_metadata(self.file, self._session)
        _check_fit(self.file, self.card, requirements)
        self._check_actions(observations, actions)
        self._input = np.zeros((1, observations.shape[1]), np.float32)
        self._output = np.zeros((1, actions.shape[1]), np.float32)
        self._binding = self._bind()

    def act(self, observation: NDArray[Any]) -> Float32Array:
        """Action (a,) within [-1, 1] for an observation (n,); 0 if either is not finite."""
        if not observation.dot(observation) < LARGEST**2:  # nor is it with a NaN
            return np.zeros_like(self._output[0])
        self._input[0] = observation
        self._session.run_with_iobinding(self._binding)
        action = self._output[0].copy()
        return action if all(map(math.isfinite, action.tolist())) else np.zeros_like(action)

    def _bind(self) -> Any:
        """Have the session read `_input` and write `_output` in place, a third faster."""
        binding = self._session.io_binding()
        binding.bind_input(INPUT, 'cpu', 0, np.float32, *_memory_of(self._input))
        binding.bind_output(OUTPUT, 'cpu', 0, np.float32, *_memory_of(self._output))
        return binding

    def act_batch(self, observations: NDArray[Any]) -> Float32Array:
        """Actions (B, a) for observations (B, n), as `act` gives them one by one."""
        with np.errstate(over='ignore'):
            observations = np.asarray(observations, np.float32)
        actions: Float32Array = self._session.run([OUTPUT], {INPUT: observations})[0]
        is_finite = np.isfinite(observations).all(1) & np.isfinite(actions).all(1)
        return np.where(is_finite[:, None], actions, np.float32(0))

    def _check_actions(self, observations: Float32Array, expected: Float32Array) -> None:
        try:
            actions = self._session.run([OUTPUT], {INPUT: observations})[0]
        except Exception as error:  # onnxruntime's errors have no other base
            raise PolicyError(f'{self.file}: cannot be run: {error}') from error
        if actions.shape != expected.shape:
            raise PolicyError(f'{self.file}: actions {actions.shape}, not {expected.shape}')
        difference = np.max(np.abs(actions - expected))
        if not difference <= CHECK_TOLERANCE:
            raise PolicyError(
                f'{self.file}: damaged: its actions are {difference:.2g} off the trained ones'
            )


def load_card(file: str | Path) -> PolicyCard:
    """Read what a policy is for.

    Raises:
        PolicyError: the file is damaged.
    """
    return _read_metadata(Path(file), _make_session(Path(file)))[0]


def to_metadata(card: PolicyCard, observations: NDArray[Any], actions: NDArray[Any]) -> str:
    """JSON of a card, with the proof: observations (k, n) and the actions (k, a) due to them."""
    check = {INPUT: observations.tolist(), OUTPUT: actions.tolist()}
    return json.dumps({'format': FORMAT, 'card': dataclasses.asdict(card), 'check': check})


def _memory_of(array: Float32Array) -> tuple[tuple[int, ...], int]:
    return array.shape, array.ctypes.data


def _make_session(file: Path) -> onnxruntime.InferenceSession:
    if not file.is_file():
        raise PolicyError(f'{file}: no such file')
    options = onnxruntime.SessionOptions()
    # A network this small is done before a second thread would have woken up.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 4  # what is wrong comes as an exception
    try:
        content = file.read_bytes()
        return onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime's errors have no other base
        raise PolicyError(f'{file}: not a policy: {error}') from error


def _read_metadata(
    file: Path, session: onnxruntime.InferenceSession
) -> tuple[PolicyCard, Float32Array, Float32Array]:
    """The card, and observations (k, n) with the actions (k, a) due to them."""
    try:
        metadata = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
        if metadata['format'] != FORMAT:
            raise PolicyError(f'{file}: format {metadata["format"]}; this version reads {FORMAT}')
        card = PolicyCard(**metadata['card'] | {'layout': tuple(metadata['card']['layout'])})
        check = metadata['check']
        observations = np.array(check[INPUT], np.float32).reshape(-1, len(card.layout))
        actions = np.array(check[OUTPUT], np.float32).reshape(len(observations), -1)
        rate = float(card.control_rate_hz)
    except PolicyError:
        raise
    except Exception as error:  # whatever damaged text can lead to
        raise PolicyError(f'{file}: not a policy of this suite: {error!r}') from error
    if not (len(observations) and actions.shape[1] and rate > 0):
        raise PolicyError(f'{file}: damaged: it does not prove what it computes')
    return card, observations, actions


def _check_fit(file: Path, card: PolicyCard, needed: Requirements) -> None:
    """Compare what a policy was made for with what it is to do."""
    pairs = {
        'task': (card.task, needed.task),
        'observation layout': (', '.join(card.layout), ', '.join(needed.layout)),
        'control rate [Hz]': (card.control_rate_hz, needed.control_rate_hz),
        'robot hash': (card.robot_hash[:12], needed.robot_hash[:12]),
    }
    for name, (made_for, wanted) in pairs.items():
        if made_for != wanted:
            raise PolicyError(
                f'{file}: made for {name} {made_for}, not {wanted} '
                f'(trained on robot {card.robot!r}, task {card.task!r}); train one with '
                '`./furuta train`, or run controller:=classical'
            )
