# SPDX-License-Identifier: Apache-2.0
"""How long messages take, as n equally likely times [s]: any distribution in one form.

Drawing is then picking one of them, the same in a batch and on a clock, and the longest is known.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

COUNT = 1024  # at most 1/2048 from the distribution that they stand for
FORMATS = (
    'a .json file {"edges": [...], "counts": [...]} or {"samples": [...]}, or a .csv file with '
    'one column (samples) or three (from, to, count), in seconds'
)


def gamma(mean: float, shape: float) -> NDArray[np.float64]:
    """Times of a gamma distribution; its standard deviation is mean / sqrt(shape)."""
    times: NDArray[np.float64] = gammaincinv(shape, _middles()) * mean / shape
    return times


def of_histogram(edges: Any, counts: Any) -> NDArray[np.float64]:
    """Times of a histogram, evenly spread within each of its bins.

    Raises:
        ValueError: it is none.
    """
    bounds, heights = np.asarray(edges, float), np.asarray(counts, float)
    if heights.ndim != 1 or heights.size < 1 or bounds.shape != (heights.size + 1,):
        raise ValueError('a histogram has one more edge than counts')
    if not (np.isfinite(bounds).all() and bounds[0] >= 0 and (np.diff(bounds) > 0).all()):
        raise ValueError('edges must be at least 0 s and rise')
    if not (np.isfinite(heights).all() and (heights >= 0).all() and heights.sum() > 0):
        raise ValueError('counts must be at least 0, and not all of them 0')
    shares = np.concatenate(([0.0], np.cumsum(heights))) / heights.sum()
    # Where no message was counted the shares stand still: the last bin of a share holds it.
    bins = np.clip(np.searchsorted(shares, _middles(), 'right') - 1, 0, heights.size - 1)
    within = (_middles() - shares[bins]) / (shares[bins + 1] - shares[bins])
    times: NDArray[np.float64] = bounds[bins] + within * (bounds[bins + 1] - bounds[bins])
    return times


def of_samples(samples: Any) -> NDArray[np.float64]:
    """Times as they were measured, in rising order; all of them if they are few.

    Raises:
        ValueError: some are no times.
    """
    times = np.sort(np.asarray(samples, float))
    if times.ndim != 1 or not times.size or not np.isfinite(times).all() or times[0] < 0:
        raise ValueError('samples must be finite numbers, at least 0 s')
    return times if times.size <= COUNT else np.quantile(times, _middles())


def load_recorded(file: str | Path) -> NDArray[np.float64]:
    """Times of a recorded distribution.

    Raises:
        ValueError: the file is not there, or holds none; the message says what is valid.
    """
    path = Path(file).expanduser()
    try:
        if path.suffix == '.json':
            content = json.loads(path.read_text())
            if 'samples' in content:
                return of_samples(content['samples'])
            return of_histogram(content['edges'], content['counts'])
        return _of_table(path)
    except OSError as error:
        reason = error.strerror or str(error)
    except (KeyError, TypeError) as error:
        reason = f'{error} is missing or of another kind'
    except ValueError as error:  # that of json is one, too
        reason = str(error)
    raise ValueError(f'recording {str(file)!r}: {reason}; valid is {FORMATS}')


def _of_table(path: Path) -> NDArray[np.float64]:
    with path.open(newline='') as file:
        rows = [row for row in csv.reader(file) if row]
    if rows and not _is_number(rows[0][0]):  # the columns' names
        del rows[0]
    widths = {len(row) for row in rows}
    if widths not in ({1}, {3}):
        raise ValueError('the rows have neither one nor three columns')
    table = np.array(rows, float)
    if widths == {1}:
        return of_samples(table[:, 0])
    if not np.allclose(table[1:, 0], table[:-1, 1], rtol=0, atol=1e-9):
        raise ValueError('each row must begin where the one before ends')
    return of_histogram([*table[:, 0], table[-1, 1]], table[:, 2])


def _middles() -> NDArray[np.float64]:
    return (np.arange(COUNT) + 0.5) / COUNT


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
