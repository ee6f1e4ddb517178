# SPDX-License-Identifier: Apache-2.0
"""Every iteration is in the files once, however often the training was killed."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from furuta_rl.training.metrics import Metrics


def write(file: Path, iterations: range, after: int, seeds: tuple[int, ...] = (5,)) -> Metrics:
    """Write a loss that tells its iteration and seed, three iterations at a time."""
    metrics = Metrics(file, seeds, after)
    for last in iterations[2::3]:
        losses = np.array([[n + s / 100 for s in seeds] for n in range(last - 2, last + 1)])
        metrics.add(last, {'loss': losses.astype(np.float32)})
    return metrics


def read(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_figures_come_back_bit_by_bit(tmp_path):
    file = tmp_path / 'metrics.csv'
    figures = np.array([[0.1, np.nan], [1e-30, np.pi]], np.float32)
    Metrics(file, (3, 4), 0).add(2, {'loss': figures})
    rows = read(file)
    assert [(r['iteration'], r['seed']) for r in rows] == [
        ('1', '3'), ('1', '4'), ('2', '3'), ('2', '4')
    ]  # fmt: skip
    back = np.array([r['loss'] for r in rows], np.float32).reshape(2, 2)
    np.testing.assert_array_equal(back, figures)


@pytest.mark.parametrize('checkpoint', [0, 3, 6, 9])
def test_after_a_kill_no_iteration_is_doubled_or_missing(tmp_path, checkpoint):
    file = tmp_path / 'metrics.csv'
    write(file, range(1, 10), 0, seeds=(0, 1)).save()
    with file.open('a') as end:
        end.write('10,0,0.12')  # killed while it wrote
    write(file, range(checkpoint + 1, 16), checkpoint, seeds=(0, 1)).close()
    assert [(int(r['iteration']), int(r['seed'])) for r in read(file)] == [
        (iteration, seed) for iteration in range(1, 16) for seed in (0, 1)
    ]


def test_a_kill_before_the_first_whole_line_leaves_a_file_with_a_head(tmp_path):
    file = tmp_path / 'metrics.csv'
    file.write_text('iteration,se')
    write(file, range(1, 4), 0).close()
    assert [r['loss'] for r in read(file)] == ['1.04999995', '2.04999995', '3.04999995']


@pytest.mark.parametrize('checkpoint', [0, 3])
def test_tensorboard_shows_each_iteration_once(tmp_path, checkpoint):
    file = tmp_path / 'metrics.csv'
    write(file, range(1, 10), 0).save()  # killed: never closed
    write(file, range(checkpoint + 1, 13), checkpoint).close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [e.step for e in events.Scalars('loss')] == list(range(1, 13))
    assert events.Scalars('loss')[4].value == pytest.approx(5.05)


def test_tensorboard_shows_the_range_of_several_seeds(tmp_path):
    write(tmp_path / 'metrics.csv', range(1, 4), 0, seeds=(0, 10, 40)).close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    values = [events.Scalars(f'loss{part}')[0].value for part in ('/lowest', '', '/highest')]
    np.testing.assert_allclose(values, [1.0, 1.1, 1.4], rtol=1e-6)
