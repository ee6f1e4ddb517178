# SPDX-License-Identifier: Apache-2.0
"""The twin's page: the scene, the plots and the controls that a browser shows. Knows no ROS.

The server runs in threads of its own (viser), so the callbacks in `Actions` are called from
there; everything that is shown arrives through `TwinPage.show`.
"""

from __future__ import annotations

import html
import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import viser
import yourdfpy
from viser.extras import ViserUrdf

from furuta_bringup import page_server, twin_status, twin_timing
from furuta_bringup.hand_drive import HandDrive
from furuta_bringup.history import History
from furuta_bringup.twin_plots import Plots
from furuta_bringup.twin_status import View
from furuta_description.robot import JOINT_NAMES

KEYS_FILE = Path(__file__).with_name('twin_keys.js')
PLOT_EVERY = 3  # calls of `show` between two drawings of the plots: 10 Hz of 30
STATUS_EVERY = 5  # the same for the text
HOLD_SHARE = 0.2  # of the voltage limit, applied while an arrow is held


@dataclass(frozen=True)
class Actions:
    """What the page can ask for. `engage` returns why driving by hand is refused, or None."""

    enable: Callable[[bool], None]
    clear_fault: Callable[[], None]
    set_zero: Callable[[], None]
    reset: Callable[[], None]
    engage: Callable[[], str | None]


class TwinPage:
    """One page on one port, for any number of browsers."""

    def __init__(self, host: str, port: int, voltage_limit: float, actions: Actions) -> None:
        """Serve the page.

        Args:
            host: address to listen on.
            port: port, 0 = any that is free.
            voltage_limit: end of the slider [V].
            actions: what the buttons do.

        Raises:
            ValueError: the port or the address cannot be used.
        """
        self.hand = HandDrive()
        self._actions = actions
        self._history = History()
        self._server = page_server.start(host, port)
        self._robot: ViserUrdf | None = None
        self._frames = 0
        self._add_scene()
        self._add_controls(voltage_limit)
        self._server.on_client_disconnect(self._on_leave)

    @property
    def port(self) -> int:
        """Port that the page is on."""
        return int(self._server.get_port())

    def close(self) -> None:
        """Stop serving."""
        self.hand.release()
        page_server.stop(self._server)

    def set_robot(self, urdf: str) -> None:
        """Show the robot of a URDF text.

        Raises:
            ValueError: it is no URDF, or its joints are not the two of the pendulum.
        """
        try:
            model = yourdfpy.URDF.load(io.BytesIO(urdf.encode()))
        except (SyntaxError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f'not a URDF: {error}') from error
        if set(model.actuated_joint_names) != set(JOINT_NAMES):
            found = ', '.join(model.actuated_joint_names) or 'none'
            raise ValueError(f'the URDF must move in {", ".join(JOINT_NAMES)}; it has {found}')
        if self._robot is not None:
            self._robot.remove()
        self._order = [JOINT_NAMES.index(name) for name in model.actuated_joint_names]
        self._robot = ViserUrdf(self._server, model, root_node_name='/robot')
        self._place_camera(float(model.scene.bounds[1][2]))

    def show(self, view: View) -> None:
        """Bring every browser up to date; call it at 30 Hz."""
        self._frames += 1
        if view.is_new:
            self._history.append(view.time, view.row)
        if not self._server.get_clients():
            return
        if view.is_new and self._robot is not None:
            self._robot.update_cfg(np.array(view.row[:2])[self._order])
        if view.is_new and self._frames % PLOT_EVERY == 0:
            self._plots.show(self._history)
        if self._frames % STATUS_EVERY == 0:
            self._show_status(view)

    def say(self, title: str, text: str, is_good: bool = True) -> None:
        """Show a short note in every browser."""
        for client in self._server.get_clients().values():
            client.add_notification(
                title, text, auto_close_seconds=4.0, color='teal' if is_good else 'red'
            )

    def release(self) -> None:
        """End driving by hand."""
        self.hand.release()
        _set(self._drive, 'value', False)
        self._set_drivable(False)

    def _add_scene(self) -> None:
        scene, gui = self._server.scene, self._server.gui
        gui.configure_theme(show_logo=False, show_share_button=False, brand_color=(33, 115, 184))
        scene.set_up_direction('+z')
        scene.configure_default_lights(cast_shadow=False)  # a browser without a GPU: 10 x the load
        scene.add_grid(
            '/floor',
            width=1.6,
            height=1.6,
            cell_size=0.05,
            section_size=0.2,
            cell_color=(226, 230, 235),
            section_color=(196, 203, 212),
        )
        scene.world_axes.visible = False

    def _place_camera(self, height: float) -> None:
        """In front of the machine (whose arm points to +x), a little to the side."""
        camera = self._server.initial_camera
        camera.fov = math.radians(40)
        camera.look_at = (0.0, 0.0, 0.85 * height)
        camera.position = (2.9 * height, 1.9 * height, 1.5 * height)

    def _add_controls(self, voltage_limit: float) -> None:
        gui = self._server.gui
        self._status = gui.add_html('')
        self._enable = gui.add_button('Enable motor', color='teal', icon=viser.Icon.POWER)
        self._stop = gui.add_button(
            'Stop motor  (Esc)', color='red', icon=viser.Icon.HAND_STOP, hint='0 V until enabled'
        )
        self._clear = gui.add_button('Clear fault', color='gray')
        self._zero = gui.add_button(
            'Set zero pose', color='gray', hint='arm forward, pendulum hanging still, motor off'
        )
        self._reset = gui.add_button('Reset simulation', color='gray', visible=False)
        with gui.add_folder('Drive by hand'):
            self._drive = gui.add_checkbox('drive', False, hint='take the motor in hand')
            self._slider = gui.add_slider(
                'voltage [V]', -voltage_limit, voltage_limit, 0.1, 0.0, disabled=True
            )
            hold = HOLD_SHARE * voltage_limit
            self._left = gui.add_button(
                f'Hold \N{BLACK LEFT-POINTING TRIANGLE}  -{hold:.1f} V',
                disabled=True,
                hint='or hold the left arrow key',
            )
            self._right = gui.add_button(
                f'Hold \N{BLACK RIGHT-POINTING TRIANGLE}  +{hold:.1f} V',
                disabled=True,
                hint='or hold the right arrow key',
            )
            self._note = gui.add_html('')
        with gui.add_folder('Time of a control step'):
            self._timing = gui.add_html('')
        with gui.add_folder('Diagnostics'):
            self._diagnostics = gui.add_html('')
        script = html.escape(KEYS_FILE.read_text(), quote=True)
        gui.add_html(f'<img src="data:," style="display:none" onerror="{script}">')
        panel = gui.add_panel()
        with panel.add_tab('Last 10 s', viser.Icon.CHART_LINE):
            self._plots = Plots(self._server, voltage_limit)
        panel.dock_left()
        panel.set_width(400)
        gui.main_panel.dock_right()
        gui.main_panel.set_width(310)
        self._connect(hold)

    def _connect(self, hold: float) -> None:
        self._enable.on_click(lambda _: self._actions.enable(True))
        self._stop.on_click(lambda _: self._on_stop())
        self._clear.on_click(lambda _: self._actions.clear_fault())
        self._zero.on_click(lambda _: self._actions.set_zero())
        self._reset.on_click(lambda _: self._actions.reset())
        self._drive.on_update(self._on_drive)
        self._slider.on_update(lambda _: self.hand.slide(self._slider.value))
        self._left.on_hold(lambda _: self.hand.hold(-hold, time.monotonic()), callback_hz=20.0)
        self._right.on_hold(lambda _: self.hand.hold(hold, time.monotonic()), callback_hz=20.0)

    def _on_stop(self) -> None:
        self._actions.enable(False)
        self.release()

    def _on_drive(self, event: viser.GuiEvent[viser.GuiCheckboxHandle]) -> None:
        if event.client_id is None:
            return  # changed by the program, not by a user
        if not self._drive.value:
            self.release()
            return
        refusal = self._actions.engage()
        if refusal is not None:
            _set(self._drive, 'value', False)
            self.say('Not driving', refusal, is_good=False)
            return
        self.hand.engage(event.client_id)
        self._set_drivable(True)

    def _on_leave(self, client: viser.ClientHandle) -> None:
        if client.client_id == self.hand.driver:
            self.release()

    def _set_drivable(self, is_drivable: bool) -> None:
        _set(self._slider, 'value', 0.0)
        for control in (self._slider, self._left, self._right):
            control.disabled = not is_drivable

    def _show_status(self, view: View) -> None:
        _set(self._status, 'content', twin_status.status_html(view, self._history.turns))
        _set(self._timing, 'content', twin_timing.timing_html(view.statuses))
        rest = [status._replace(values=_other(status.values)) for status in view.statuses]
        _set(self._diagnostics, 'content', twin_status.diagnostics_html(rest))
        _set(self._note, 'content', twin_status.drive_html(view.commanders))
        _set(self._reset, 'visible', view.has_reset)
        for button in (self._enable, self._stop, self._clear, self._zero):
            _set(button, 'disabled', not view.has_motor)


def _other(values: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What has no place of its own on the page."""
    return [(key, value) for key, value in values if key not in twin_timing.KEYS]


def _set(handle: object, name: str, value: object) -> None:
    """Assign only what changed: every assignment goes to every browser."""
    if getattr(handle, name) != value:
        setattr(handle, name, value)
