# SPDX-License-Identifier: Apache-2.0
"""Distributions as equally likely times."""

import json
from pathlib import Path

import pytest
from scipy import stats

from furuta_description import latency


def test_gamma_has_mean_and_deviation_of_its_shape() -> None:
    times = latency.gamma(0.01, 4.0)
    assert times.mean() == pytest.approx(0.01, rel=1e-3)
    assert times.std() == pytest.approx(0.01 / 2, rel=0.01)
    assert stats.kstest(times, stats.gamma(4.0, scale=0.0025).cdf).statistic < 1e-3


def test_histogram_is_spread_evenly_within_its_bins() -> None:
    """A quarter in 0..10 ms, none in 10..30 ms, the rest in 30..40 ms."""
    times = latency.of_histogram([0.0, 0.01, 0.03, 0.04], [1, 0, 3])
    early, late = times[times < 0.011], times[times > 0.029]
    assert len(early) + len(late) == len(times)
    assert len(early) / len(times) == pytest.approx(0.25, abs=1e-3)
    assert early.mean() == pytest.approx(0.005, abs=1e-5)
    assert late.mean() == pytest.approx(0.035, abs=1e-5)


def test_few_samples_are_themselves() -> None:
    assert latency.of_samples([0.03, 0.01]).tolist() == [0.01, 0.03]


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('a.json', json.dumps({'edges': [0.0, 0.01, 0.02], 'counts': [0, 5]})),
        ('a.csv', 'from,to,count\n0,0.01,0\n0.01,0.02,5\n'),
        ('b.csv', '\n'.join(f'{0.01 + 1e-5 * i}' for i in range(1000))),
    ],
)
def test_recording_is_read(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    times = latency.load_recorded(file)
    assert times.min() == pytest.approx(0.01, abs=2e-5)
    assert times.max() == pytest.approx(0.02, abs=2e-5)
    assert times.mean() == pytest.approx(0.015, abs=2e-5)


@pytest.mark.parametrize(
    ('name', 'text', 'reason'),
    [
        ('a.json', '{"edges": [0.0, 0.1]}', "'counts' is missing"),
        ('a.json', '[1', 'Expecting'),
        ('a.json', '{"edges": [0.0, 0.1], "counts": [1, 2]}', 'one more edge'),
        ('a.json', '{"edges": [0.0, 0.1], "counts": [0]}', 'not all of them 0'),
        ('a.csv', '0.01\n-0.02\n', 'at least 0 s'),
        ('a.csv', '0.01\nnan\n', 'finite'),
        ('a.csv', '1,2\n', 'neither one nor three'),
        ('a.csv', '0,0.1,1\n0.2,0.3,1\n', 'must begin where'),
        ('a.csv', '', 'neither one nor three'),
    ],
)
def test_unusable_recording_is_refused_with_what_is_valid(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ValueError, match=rf'{name}.*{reason}.*valid is'):
        latency.load_recorded(file)


def test_missing_recording_is_named() -> None:
    with pytest.raises(ValueError, match=r"'nowhere.csv': No such file"):
        latency.load_recorded('nowhere.csv')
