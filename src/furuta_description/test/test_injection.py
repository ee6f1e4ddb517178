# SPDX-License-Identifier: Apache-2.0
"""The settings: names, bounds, files."""

from pathlib import Path

import pytest

from furuta_description.injection import NAMES, Injection, Observation, load_injection


def test_nothing_is_done_by_default() -> None:
    assert not Injection().is_on
    assert str(Injection()) == ''
    assert not Observation(distribution='gamma').is_on


def test_settings_are_told_in_their_own_words() -> None:
    injection = Injection().with_values({'observation.delay': 0.02, 'command.dropout': 0.1})
    assert str(injection) == 'observation: delay 0.02; command: dropout 0.1'


@pytest.mark.parametrize('name', NAMES)
def test_every_setting_that_does_something_switches_injection_on(name: str) -> None:
    if name.partition('.')[2] in ('distribution', 'gamma_shape', 'burst', 'hold', 'seed'):
        return  # they only say how
    values = {name: 0.5}
    if name.endswith('recording'):
        values = {name: 'file.csv', name.replace('recording', 'distribution'): 'recorded'}
    assert Injection().with_values(values).is_on


@pytest.mark.parametrize(
    ('values', 'reason'),
    [
        ({'observation.delay': -0.1}, r'observation.delay must be 0 to 10, not -0.1'),
        ({'command.delay': float('nan')}, r'command.delay must be 0 to 10, not nan'),
        ({'command.dropout': 1.5}, r'command.dropout must be 0 to 1'),
        ({'command.scale': float('inf')}, r'command.scale must be'),
        ({'command.delay': '20ms'}, r'command.delay must be of type float'),
        ({'command.hold': 1}, r'command.hold must be of type bool'),
        ({'command.lag': 0.1}, r'command.lag: there is no such setting; there are observation'),
        ({'command.distribution': 'normal'}, r'must be one of fixed, uniform, gamma, recorded'),
        ({'command.distribution': 'recorded'}, 'need each other'),
        ({'command.distribution': 'fixed', 'command.jitter': 0.1}, 'uniform and gamma take one'),
        ({'command.burst': 0.5}, r'at least 1, not 0.5'),
        ({'command.burst': 2.0, 'command.dropout': 0.8}, r'at least 4, not 2.0'),
        ({'command.burst': 2.0, 'command.dropout': 1.0}, r'at least inf'),
        ({'injection.seed': -1}, r'injection.seed must be 0\.\.'),
    ],
)
def test_wrong_setting_is_refused_with_what_is_valid(values: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Injection().with_values(values)


def test_file_gives_parameters_and_finds_recordings_beside_itself(tmp_path: Path) -> None:
    file = tmp_path / 'injection.yaml'
    file.write_text(
        'observation: {distribution: recorded, recording: wifi.csv}\n'
        'command: {delay: 0.01, hold: false, scale: 1}\ninjection: {seed: 3}\n'
    )
    assert load_injection(file) == {
        'observation.distribution': 'recorded',
        'observation.recording': str(tmp_path / 'wifi.csv'),
        'command.delay': 0.01,
        'command.hold': False,
        'command.scale': 1.0,
        'injection.seed': 3,
    }


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('command: {lag: 1}', 'command.lag: there is no such setting'),
        ('delay: 0.02', 'must have the groups'),
        ('command: {delay: [', 'no yaml'),
    ],
)
def test_wrong_file_is_refused_by_its_name(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / 'injection.yaml'
    file.write_text(text)
    with pytest.raises(ValueError, match=rf'(?s)injection.yaml.*{reason}'):
        load_injection(file)
    with pytest.raises(ValueError, match=r"'none.yaml': No such file"):
        load_injection('none.yaml')
