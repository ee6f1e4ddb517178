# SPDX-License-Identifier: Apache-2.0
"""Where a step's time goes, over topics: the stages, and a delay that is known."""

import time

import numpy as np
import pytest

from furuta_bringup.stack import NodeSpec
from furuta_description import ros, ros_polling, trace
from furuta_description.robot import load_robot

MS = 1e6  # [ns]
TRACED = {'trace': True}
PLANTS = {
    'sim': NodeSpec('furuta_sim', 'sim_node', TRACED),
    'emulator': NodeSpec('furuta_hardware', 'hardware_node', {'port': 'emulator', **TRACED}),
}
CONTROLLER = NodeSpec('furuta_rl', 'classical_node', {'rate_hz': 100.0, **TRACED})


class Ends:
    """What both ends say of their steps."""

    def __init__(self, node):
        topics = ros.TRACED_STEPS, ros.TRACED_COMMANDS
        self._ends = [ros_polling.poll(node, ros.Int64MultiArray, topic, 20) for topic in topics]
        self._rows = [[], []]

    def joined(self, after=0):
        """Columns of the steps whose command's number is beyond `after`."""
        for end, rows in zip(self._ends, self._rows, strict=True):
            rows += [ros.rows_from(message) for message, _ in ros_polling.take(end)]
        if not all(self._rows):
            return {'number': np.zeros(0)}
        columns = trace.join(*(np.concatenate(rows) for rows in self._rows))
        return {name: column[columns['number'] > after] for name, column in columns.items()}


@pytest.mark.parametrize('plant', PLANTS)
def test_stages_add_up_and_an_injected_delay_shows_where_it_was_put(probe, start, plant):
    ends = Ends(probe.node)
    start(PLANTS[plant], CONTROLLER)
    probe.wait_for_plant()
    probe.wait(lambda: len(ends.joined()['number']) > 100, 'steps of a second', 20)
    columns = ends.joined()
    spans = {
        name: columns[end] - columns[begin] for name, (begin, end) in trace.STEP_STAGES.items()
    }
    spans['wire'] = columns['arrived'] - columns['sent']
    spans['applied'] = columns['applied'] - columns['arrived']
    overlap = columns['published'] - columns['sent']  # of publish and wire
    assert np.all(overlap > 0)
    total = columns['applied'] - columns['stamp']
    assert np.array_equal(sum(spans.values()) - overlap, total)
    for name, span in spans.items():
        assert 0 < np.median(span) < 10 * MS, name
    if plant == 'sim':  # where a command in time acts the link's delay after its sample
        delay = load_robot('furuta').timing.link_delay
        assert np.min(total) == np.median(total) == round(delay * 1e9)
    for who, stages in (('controller', trace.STEP_STAGES), ('plant', trace.COMMAND_STAGES)):
        values = probe.values(who)
        assert all(float(values[f'{stage}_p50_ms']) > 0 for stage in stages)

    assert probe.set_parameter('classical_node', 'command.delay', 0.02).successful
    before = ends.joined()['number'].max() + 60
    probe.wait(lambda: len(ends.joined(before)['number']) > 50, 'delayed commands', 20)
    columns = ends.joined(before)
    publish = np.median(columns['published'] - columns['computed'])
    assert publish == pytest.approx(20 * MS + np.median(spans['publish']), abs=5 * MS)
    assert np.median(columns['applied'] - columns['stamp']) > np.median(total) + 15 * MS


def test_stamps_of_a_monotonic_plant_are_the_systems_time():
    before = time.time_ns()
    stamp = ros.epoch_ns() + time.monotonic_ns()
    assert before - MS < stamp < time.time_ns() + MS
