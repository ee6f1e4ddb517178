# SPDX-License-Identifier: Apache-2.0
"""The link: each property by itself, and the class against the functions."""

import numpy as np
import pytest

from furuta_description import channel, draws
from furuta_description.channel import Channel, Link

PERIOD = 0.02  # [s]
NONE = np.array([[0.0, 0.5]])  # uniform numbers of a message that is neither jittered nor lost


def sent(
    values: list[float], link: Link, slots: int = 4, uniforms: np.ndarray = NONE
) -> channel.Line:
    """A line with these messages, one each period, the last at time 0."""
    line = channel.make_line(np.zeros(1), slots, np)
    for i, value in enumerate(values):
        line = channel.elapse(line, PERIOD if i else 0.0)
        line = channel.send(line, np.array([value]), link, uniforms, 0.0, np)
    return line


def held(line: channel.Line, start: float) -> float:
    return float(channel.received(line, start, 0.0, np)[0])


def test_message_arrives_after_its_delay_and_is_held() -> None:
    line = sent([1.0], Link(delay=0.03))
    assert [held(line, t) for t in (0.0, 0.029, 0.031, 9.0)] == [0, 0, 1, 1]


def test_message_without_delay_arrives_at_once() -> None:
    assert held(sent([1.0, 2.0], Link()), 0.0) == 2.0


def test_several_messages_are_under_way_at_once() -> None:
    line = sent([1.0, 2.0, 3.0], Link(delay=0.05))  # sent at -40, -20 and 0 ms
    assert [held(line, t) for t in (0.0, 0.015, 0.035, 0.055)] == [0, 1, 2, 3]


def test_mean_over_a_step_counts_a_message_for_its_share() -> None:
    """Arrival 30 ms from now: of the 4 ms from 29 ms on, 3 ms have the new value."""
    line = sent([8.0], Link(delay=0.03))
    assert channel.received(line, 0.029, 0.004, np)[0] == pytest.approx(6.0)
    assert channel.received(line, 0.020, 0.004, np)[0] == 0.0
    assert channel.received(line, 0.031, 0.004, np)[0] == 8.0


def test_lost_message_leaves_the_last_value_for_ever() -> None:
    line = sent([1.0, 2.0], Link())
    lost = channel.send(line, np.array([3.0]), Link(dropout=0.1), np.array([[0.0, 0.05]]), 0.0, np)
    assert held(lost, 100.0) == 2.0
    for _ in range(10):  # pushed out of the slots, still without effect
        lost = channel.send(lost, np.array([4.0]), Link(delay=1.0), NONE, 0.0, np)
    assert held(lost, 0.5) == 2.0


def test_overtaken_message_is_ignored() -> None:
    line = sent([1.0], Link(delay=0.05))
    line = channel.send(line, np.array([2.0]), Link(delay=0.01), NONE, 0.0, np)
    assert [held(line, t) for t in (0.005, 0.02, 0.06)] == [0, 2, 2]


def test_jitter_delays_by_its_share() -> None:
    line = sent([1.0], Link(delay=0.01, jitter=0.02), uniforms=np.array([[0.5, 0.5]]))
    assert [held(line, t) for t in (0.019, 0.021)] == [0, 1]


def test_noise_is_added_when_sent() -> None:
    line = channel.make_line(np.zeros(1), 1, np)
    line = channel.send(line, np.array([1.0]), Link(noise=0.5), NONE, np.array([-2.0]), np)
    assert held(line, 0.0) == 0.0


def test_each_link_of_a_batch_has_its_own_delay() -> None:
    line = channel.make_line(np.zeros(3), 2, np)
    link = Link(delay=np.array([0.0, 0.01, 0.03]))
    line = channel.send(line, np.ones(3), link, np.full((3, 2), 0.5), 0.0, np)
    assert channel.received(line, 0.02, 0.0, np).tolist() == [1, 1, 0]


@pytest.mark.parametrize('delay', [0.0, 0.019, 0.02, 0.041])
def test_slots_suffice_for_the_longest_delay(delay: float) -> None:
    line = sent([1.0], Link(delay=delay), channel.slots_for(delay, PERIOD))
    for value in range(2, 30):
        line = channel.send(
            channel.elapse(line, PERIOD),
            np.array([float(value)]),
            Link(delay=delay),
            NONE,
            0.0,
            np,
        )
        assert held(line, 0.0) == max(value - int(np.ceil(delay / PERIOD - 1e-9)), 0)


def test_class_on_a_clock_gives_what_the_functions_give_in_a_batch() -> None:
    link = Link(delay=0.03, jitter=0.03, dropout=0.3, noise=0.1)
    single = Channel(link, 0.0, 4, seed=7)
    keys = draws.make_keys(np.array((7, 0), np.uint32), 5, np)
    line = channel.make_line(np.zeros(5), 4, np)
    values = np.sin(np.arange(50))
    for step, value in enumerate(values):
        single.send(value, step * PERIOD)
        drawn = draws.uniforms(keys, 4, np)
        keys = draws.next_keys(keys)
        normal = draws.normals(drawn[:, 2:], np)[:, 0]
        line = channel.send(line, np.full(5, value), link, drawn, normal, np)
        line = channel.elapse(line, PERIOD / 2)
        expected = float(channel.received(line, 0.0, 0.0, np)[0])
        assert single.receive((step + 0.5) * PERIOD) == pytest.approx(expected)
        line = channel.elapse(line, PERIOD / 2)
    assert expected not in values  # there was noise


def test_same_seed_gives_the_same_link_and_another_seed_another() -> None:
    def run(seed: int) -> list[float]:
        link = Channel(Link(jitter=0.05, dropout=0.3), 0.0, 4, seed)
        received = []
        for step in range(50):
            link.send(step, step * PERIOD)
            received.append(link.receive(step * PERIOD + 0.01))
        return received

    assert run(1) == run(1)
    assert run(1) != run(2)
