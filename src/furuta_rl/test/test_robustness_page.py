# SPDX-License-Identifier: Apache-2.0
"""Page, words and JSON of a full report, from figures that are made up."""

import json
import math
import re

import numpy as np
import pytest

from furuta_description.randomization import PRESETS
from furuta_rl.robustness.cells import Plan
from furuta_rl.robustness.findings import Findings, headline, to_json
from furuta_rl.robustness.heat_map import heat_maps
from furuta_rl.robustness.page import make_report
from furuta_rl.robustness.sweep import Figures
from furuta_rl.share import share


def figures(hits):
    """Of 1000 episodes."""
    some = hits > 0
    time, energy = (0.5, 6.0) if some else (math.nan, math.nan)
    return Figures(share(np.arange(1000) < hits), time, time, energy)


@pytest.fixture(scope='module')
def findings():
    """A policy that loses 4 % a delay step from 40 ms on, beside one that never does anything."""
    plan = Plan()
    cells = plan.cells()
    late = {cell: max(0, round((cell.delay - 0.04) * 4000)) for cell in cells}
    return Findings(
        policy='policy.onnx',
        robot='furuta',
        robot_hash='0123456789abcdef',
        git_hash='',
        training={'randomization': 'default'},
        ranges=PRESETS['default'],
        plan=plan,
        episodes=1000,
        seed=0,
        seconds=1.0,
        figures={
            'policy': {cell: figures(1000 - late[cell]) for cell in cells},
            'classical': {cell: figures(0) for cell in cells},
        },
    )


def test_headline_says_how_much_delay_is_held_and_that_the_other_holds_none(findings) -> None:
    """40 of 1000 are lost at 50 ms, so 1 % is at a quarter of the way from 40 ms."""
    text = headline(findings)
    assert 'up to 42.5 ms of total delay on robots within 10 %' in text
    assert 'classical controller, told the delay: at no delay (at best 0.0 %)' in text


def test_page_needs_no_network_and_is_small(findings) -> None:
    page = make_report(findings)
    assert not re.search(r'(src|href)="(?!data:)|@import|https?://', page)
    assert page.count('class="map"') == 2 * 9
    assert len(page) < 1e6


def test_heat_map_frames_what_was_trained_and_rounds_nothing_up_to_all(findings) -> None:
    """`default` draws delays to 20 ms and a mass within 10 %: 3 rows and 1 column of the map."""
    axis = findings.plan.axis('mass')
    maps = heat_maps(findings, axis)
    assert maps.count('class="t"') == 2 * 3 * 1
    assert maps.count('>92</td>') == 9 and maps.count('>100</td>') == 45  # at 60 ms, and before
    cell = findings.plan.map(axis)[0][0]
    findings.figures['policy'][cell] = figures(999)
    assert '>99.9</td>' in heat_maps(findings, axis)


def test_json_holds_every_cell_and_null_for_what_is_not_a_number(findings) -> None:
    document = json.loads(json.dumps(to_json(findings), allow_nan=False))
    mass = next(axis for axis in document['axes'] if axis['name'] == 'mass')
    assert [len(row) for row in mass['map']] == [9] * 6
    assert mass['map'][5][4]['policy']['success']['hits'] == 920
    assert mass['map'][5][4]['classical']['energy_mean'] is None
    assert mass['trained'] == [pytest.approx(0.9), pytest.approx(1.1)]
    assert mass['held'] == {'policy': [0.4, 1.8], 'classical': None}
    assert len(document['delay_with_wider_spreads'][0]) == 9
