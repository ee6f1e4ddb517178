# SPDX-License-Identifier: Apache-2.0
"""The twin's plots: angles, velocities and voltage over the last 10 s."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import viser
from viser import uplot

from furuta_bringup.history import SPAN, History

ARM_COLOR, PENDULUM_COLOR, VOLTAGE_COLOR = '#2173b8', '#e65c1a', '#2b8a3e'


class Plots:
    """Three plots in the present container of `server.gui`."""

    def __init__(self, server: viser.ViserServer, voltage_limit: float) -> None:
        """Add the plots; the voltage axis shows at least +-`voltage_limit` [V]."""
        arm, pendulum = ('arm', ARM_COLOR), ('pendulum', PENDULUM_COLOR)
        self._angles = _add_plot(
            server, 'angle [deg]  (hanging 0, upright \N{PLUS-MINUS SIGN}180)', (arm, pendulum)
        )
        self._velocities = _add_plot(server, 'velocity [rad/s]', (arm, pendulum))
        self._voltage = _add_plot(
            server, 'motor voltage [V]', (('voltage', VOLTAGE_COLOR),), 1.1 * voltage_limit
        )

    def show(self, history: History) -> None:
        """Draw the history."""
        time, arm, pendulum, arm_velocity, pendulum_velocity, voltage = history.columns()
        pendulum = pendulum - 2 * math.pi * history.turns
        self._angles.data = (time, np.degrees(arm), np.degrees(pendulum))
        self._velocities.data = (time, arm_velocity, pendulum_velocity)
        self._voltage.data = (time, voltage)


def _add_plot(
    server: viser.ViserServer,
    title: str,
    lines: tuple[tuple[str, str], ...],
    limit: float | None = None,
) -> viser.GuiUplotHandle:
    scales: dict[str, Any] = {'x': uplot.Scale(time=False, range=(-SPAN, 0.0))}
    if limit is not None:
        scales['y'] = uplot.Scale(range=(-limit, limit))
    empty = np.array([-SPAN, 0.0])
    return server.gui.add_uplot(
        data=(empty, *[np.full(2, math.nan)] * len(lines)),
        series=(
            uplot.Series(label='time [s]'),
            *(uplot.Series(label=label, stroke=color, width=1.5) for label, color in lines),
        ),
        title=title,
        scales=scales,
        height=155,
        legend=uplot.Legend(show=len(lines) > 1),
    )
