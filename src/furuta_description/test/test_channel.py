# SPDX-License-Identifier: Apache-2.0
"""The link: each property by itself."""

import numpy as np
import pytest

from furuta_description import channel
from furuta_description.channel import Link

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


def test_lost_message_may_arrive_as_zero() -> None:
    link = Link(delay=0.01, dropout=0.1, is_zero_when_lost=True)
    line = channel.send(sent([2.0], Link()), np.ones(1), link, np.array([[0.0, 0.05]]), 0.0, np)
    assert [held(line, t) for t in (0.009, 0.011)] == [2, 0]


def test_value_arrives_scaled_biased_and_in_steps() -> None:
    """3 x 0.5 + 0.2 - 2 x 0.1 = 1.5, of which 0.4 goes in 4 times (3.75 rounds to 4)."""
    link = Link(scale=0.5, bias=0.2, noise=0.1, resolution=0.4)
    assert channel.changed(np.array([3.0]), link, np.array([-2.0]), np)[0] == pytest.approx(1.6)


def test_transit_is_one_of_the_equally_likely_times() -> None:
    link = Link(delay=0.01, transits=np.array([0.0, 0.02, 0.05]))
    uniforms = np.array([0.0, 0.33, 0.34, 0.99])
    assert channel.transit(link, uniforms, np).tolist() == pytest.approx([0.01, 0.01, 0.03, 0.06])


def test_burst_begins_and_ends_with_these_probabilities() -> None:
    """Bursts of 5 end with 1/5; a share of 0.2 is lost if they begin with 1/5 x 0.2/0.8 = 0.05."""
    link = Link(dropout=0.2, burst=5.0)
    uniforms = np.array([0.049, 0.051, 0.79, 0.81])
    was_lost = np.array([False, False, True, True])
    assert channel.lost(link, uniforms, was_lost, np).tolist() == [True, False, True, False]


@pytest.mark.parametrize('burst', [None, 5.0])
def test_share_and_length_of_losses_are_those_asked_for(burst: float | None) -> None:
    """20 000 messages; independent losses come 1 / (1 - 0.2) = 1.25 in a row."""
    link = Link(dropout=0.2, burst=burst)
    random = np.random.default_rng(1)
    line = channel.make_line(np.zeros(20), 1, np, has_bursts=burst is not None)
    losses = []
    for _ in range(1000):
        line = channel.send(line, np.ones(20), link, random.random((20, 2)), 0.0, np)
        losses.append(np.isinf(line.remaining[0]))
    runs = np.sum(np.diff(losses, axis=0, prepend=False) & losses)
    assert np.mean(losses) == pytest.approx(0.2, abs=0.03)
    assert np.sum(losses) / runs == pytest.approx(burst or 1.25, rel=0.1)
