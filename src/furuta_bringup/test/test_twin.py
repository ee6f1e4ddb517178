# SPDX-License-Identifier: Apache-2.0
"""The parts of the browser twin that need neither ROS nor a browser."""

import math

import numpy as np

from furuta_bringup.hand_drive import HOLD_TIME, HandDrive
from furuta_bringup.history import SPAN, History, next_turns
from furuta_bringup.twin_status import Status, View, diagnostics_html, drive_html, status_html
from furuta_bringup.twin_timing import timing_html

ROW = (math.radians(10), math.pi, 1.0, -2.0, 3.0)


def view(age: float | None, statuses: tuple[Status, ...] = ()) -> View:
    return View(time=0.0, age=age, is_new=True, row=ROW, statuses=statuses)


def test_nobody_drives_until_engaged_and_after_release() -> None:
    hand = HandDrive()
    hand.slide(2.0)
    assert hand.voltage(0.0) is None
    hand.engage(driver=1)
    assert hand.voltage(0.0) == 0.0  # what the slider said before does not count
    hand.release()
    assert hand.voltage(0.0) is None


def test_held_key_replaces_the_slider_and_ends_without_repeats() -> None:
    hand = HandDrive()
    hand.engage(driver=1)
    hand.slide(0.5)
    hand.hold(-2.0, now=10.0)
    assert hand.voltage(10.0 + 0.9 * HOLD_TIME) == -2.0
    assert hand.voltage(10.0 + 1.1 * HOLD_TIME) == 0.5


def test_history_keeps_the_last_seconds_and_breaks_the_line_at_a_gap() -> None:
    history = History()
    for time in np.arange(0.0, 20.0, 0.1):
        history.append(float(time), ROW)
    history.append(25.0, ROW)
    time, arm = history.columns()[:2]
    assert time[0] >= -SPAN and time[-1] == 0.0
    assert np.all(np.diff(time) > 0)
    assert np.isnan(arm[-2]) and np.isfinite(arm[-1])


def test_angle_is_shown_without_jumps_where_the_pendulum_rests() -> None:
    shown_deg = []
    turns = 0
    for angle_deg in (0, -170, -180, -190, -180, -269, -271, -360, -539, -541, -629, -631, -720):
        turns = next_turns(turns, math.radians(angle_deg))
        shown_deg.append(angle_deg - 360 * turns)
    assert shown_deg == [0, -170, -180, -190, -180, -269, 89, 0, -179, -181, -269, 89, 0]


def test_injection_and_drawn_plants_are_told_and_only_then() -> None:
    controller = Status('controller', 0, 'ok', [('injection', 'observation: delay <0.02>')])
    plant = Status('plant', 0, 'ok', [('drawn_plant', '3')])
    html = status_html(view(0.1, (controller, plant)), 0)
    assert '<b>controller</b> injects observation: delay &lt;0.02&gt;' in html
    assert '<b>plant</b> is drawn, number 3' in html
    idle = Status('relay to /joint_states', 0, 'ok', [('injection', '')])
    html = status_html(view(0.1, (idle,)), 0)
    assert 'injects' not in html and 'drawn' not in html


def test_status_tells_live_from_stale_from_waiting() -> None:
    assert 'live' in status_html(view(0.1), 0)
    assert 'STALE' in status_html(view(0.6), 0)
    waiting = status_html(view(None), 0)
    assert 'waiting for joint_states' in waiting
    assert '180' not in waiting  # no number is shown that nobody sent


def test_status_shows_degrees_and_whether_the_motor_is_on() -> None:
    plant = Status('plant', 0, 'ok', [('enabled', 'False')])
    text = status_html(view(0.1, (plant,)), 0)
    for part in ('+10.0', '+180.0', '+3.00 V', 'motor off'):
        assert part in text


def test_what_is_wrong_stands_under_the_banner_and_what_is_well_does_not() -> None:
    controller = Status('controller', 0, 'ok', [])
    plant = Status('plant', 2, 'pendulum too fast', [])
    text = status_html(view(0.1, (controller, plant)), 0)
    assert text.index('live') < text.index('pendulum too fast') < text.index('+3.00 V')
    assert 'controller' not in text
    assert diagnostics_html((controller, plant)).index('plant') < diagnostics_html(
        (controller, plant)
    ).index('controller')


def test_names_and_messages_from_topics_cannot_bring_markup_into_the_page() -> None:
    evil = '<script>'
    status = Status(evil, 2, evil, [(evil, evil)])
    assert evil not in diagnostics_html([status])
    assert evil not in status_html(view(0.1, (status,)), 0)
    assert evil not in drive_html([evil])


def test_stages_of_both_ends_stand_in_the_order_of_time() -> None:
    controller = Status(
        'controller', 0, 'ok', [('sensor_age_p50_ms', '0.31'), ('late_steps', '3')]
    )
    plant = Status('plant', 0, 'ok', [('wire_p50_ms', '0.12'), ('wire_worst_ms', '<b>')])
    text = timing_html((plant, controller))
    assert text.index('sensor age') < text.index('0.31') < text.index('wire') < text.index('0.12')
    assert '3 late' in text and '<b>' not in text
    assert 'none received' in timing_html((Status('other', 0, 'ok', [('a', '1')]),))
