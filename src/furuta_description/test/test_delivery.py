# SPDX-License-Identifier: Apache-2.0
"""A link on a clock gives what the batched functions give; the thread hands over in time."""

import threading
import time

import numpy as np
import pytest

from furuta_description import channel, delivery, draws
from furuta_description.channel import Link
from furuta_description.delivery import Arrival, Channel, Delivery
from furuta_description.injection import Command, Observation

PERIOD = 0.02  # [s]


@pytest.mark.parametrize(
    'link',
    [
        Link(delay=0.03, jitter=0.03, dropout=0.3),
        Link(transits=np.array([0.0, 0.01, 0.05]), dropout=0.3, burst=3.0),
        Link(delay=0.01, dropout=0.5, is_zero_when_lost=True),
    ],
    ids=['jitter', 'recorded, bursts', 'zero'],
)
def test_link_on_a_clock_gives_what_the_functions_give_in_a_batch(link: Link) -> None:
    single, held = Channel(link, seed=7), 0.0
    keys = draws.make_keys(np.array((7, 0), np.uint32), 5, np)
    line = channel.make_line(np.zeros(5), 5, np, has_bursts=link.burst is not None)
    for step, value in enumerate(np.sin(np.arange(150))):
        single.send(value, step * PERIOD)
        drawn = draws.uniforms(keys, delivery.UNIFORMS, np)
        keys = draws.next_keys(keys)
        line = channel.send(line, np.full(5, value), link, drawn[:, :2], 0.0, np)
        for share in (0.25, 0.75):
            line = channel.elapse(line, share * PERIOD)
            now = (step + (share if share == 0.25 else 1.0)) * PERIOD - 1e-9
            for arrival in single.arrived(now):
                if not arrival.is_lost:
                    held = arrival.message
                elif link.is_zero_when_lost:
                    held = 0.0
            assert float(channel.received(line, -1e-9, 0.0, np)[0]) == held
    assert single.lost > 20


def test_lost_message_is_told_when_it_would_have_come_unless_a_newer_one_did() -> None:
    link = Channel(Link(delay=0.01, dropout=1.0))
    link.send('a', 0.0)
    assert link.arrived(0.009) == []
    (told,) = link.arrived(0.011)
    assert told.is_lost and link.lost == 1


def test_overtaken_message_is_dropped_and_counted() -> None:
    link = Channel(Link(transits=np.linspace(0.0, 0.1, 100)), seed=3)
    for step in range(100):
        link.send(step, step * 0.001)
    came = [arrival.message for arrival in link.arrived(1.0)]
    assert came == sorted(came)
    assert link.overtaken == 100 - len(came) > 10


def test_same_seed_gives_the_same_link_and_another_seed_another() -> None:
    def run(seed: int, number: int = 0) -> list[tuple[float, ...]]:
        link = Channel(Link(jitter=0.05, dropout=0.3), seed, number)
        for step in range(100):
            link.send(step, step * PERIOD)
        return [(a.message, *a.normals) for a in link.arrived(9.0)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert run(1) != run(1, number=1)


def test_noise_and_bias_and_resolution_of_angles_and_voltage() -> None:
    """Arm: 1 + 0.3 + 0.1 x 2 = 1.5 = 2 x 0.75; pendulum: -1 - 0.1 x 1 = -1.1 -> -1 x 0.75."""
    settings = Observation(noise=0.1, velocity_noise=0.5, arm_bias=0.3, resolution=0.75)
    normals = (2.0, -1.0, 1.0, 2.0)
    link = delivery.link_of(settings)
    assert delivery.changed_angles(link, (1.0, -1.0), normals) == pytest.approx((1.5, -0.75))
    assert delivery.changed_velocities(settings, (1.0, 1.0), normals) == (1.5, 2.0)
    link = delivery.link_of(Command(scale=0.5, bias=0.25, noise=1.0))
    assert delivery.changed_voltage(link, Arrival(4.0, False, normals)) == 4.25


@pytest.mark.parametrize('voltage', [float('nan'), float('inf')])
def test_no_number_becomes_zero_volts(voltage: float) -> None:
    arrival = Arrival(voltage, False, (1.0,) * 4)
    assert delivery.changed_voltage(delivery.link_of(Command(resolution=0.1)), arrival) == 0.0


def test_lost_command_is_held_or_zero() -> None:
    lost = Arrival(3.0, True, (0.0,) * 4)
    assert delivery.changed_voltage(delivery.link_of(Command()), lost) is None
    assert delivery.changed_voltage(delivery.link_of(Command(hold=False)), lost) == 0.0


def test_thread_hands_each_message_over_when_it_is_due() -> None:
    ways = {Channel(Link(delay=delay)): [] for delay in (0.02, 0.05)}
    delivered = Delivery(
        {way: lambda a, w=way: ways[w].append(time.monotonic() - a.message) for way in ways},
        on_failure=lambda: None,
    )
    for _ in range(40):
        for way in ways:
            delivered.send(way, time.monotonic())
        time.sleep(0.005)
    time.sleep(0.1)
    delivered.close()
    for way, took in ways.items():
        assert len(took) == 40
        assert min(took) >= way.link.delay
        assert np.median(took) == pytest.approx(way.link.delay, abs=0.002)


def test_receiver_that_raises_ends_the_thread_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, 'excepthook', lambda _: None)
    failed = threading.Event()
    way = Channel(Link())
    broken = Delivery({way: lambda arrival: 1 / 0}, failed.set)
    broken.send(way, 1)
    assert failed.wait(5)
    broken.close()


def test_closed_delivery_hands_nothing_over() -> None:
    way, came = Channel(Link(delay=0.05)), []
    delivered = Delivery({way: came.append}, lambda: None)
    delivered.send(way, 1)
    delivered.close()
    time.sleep(0.1)
    assert came == []
