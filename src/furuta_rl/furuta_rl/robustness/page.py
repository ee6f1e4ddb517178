# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page: headline, table of how far it holds, curves and maps."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from furuta_description.page import make_page, picture, table
from furuta_rl.criterion import EPISODE, HOLD
from furuta_rl.robustness import plots
from furuta_rl.robustness.axes import DELAY, Axis
from furuta_rl.robustness.findings import HELD, POLICY, Findings, headline, in_words
from furuta_rl.robustness.heat_map import heat_maps


def make_report(findings: Findings) -> str:
    """The page."""
    return make_page(f'{findings.policy}: how far it holds', _body(findings))


def _body(findings: Findings) -> Iterator[str]:
    plan = findings.plan
    yield f'<h1>{escape(findings.policy)}: how far it holds</h1>'
    kind = 'good' if findings.held(POLICY, plan.axis(DELAY.name)) else 'bad'
    yield f'<p class="verdict {kind}">{escape(headline(findings))}</p>'
    yield f'<p>{_conditions(findings)}</p>'
    yield f'<h2>Holds {100 * HELD:g} %</h2>'
    yield _table(findings)
    yield '<h2>One at a time</h2>'
    yield (
        '<p>Shaded: intervals of 95 % confidence. Green: what the policy was trained with. '
        'Time and energy are of the episodes that succeeded.</p>'
    )
    for axis in plan.axes:
        yield picture(plots.curves(findings, axis))
    if plan.map_delays:
        yield '<h2>With every delay</h2>'
        yield '<p>Success [%], rounded down. Framed: what the policy was trained with.</p>'
        for axis in plan.axes:
            if plan.map(axis):
                yield heat_maps(findings, axis)
    yield '<h2>How it was made</h2>'
    yield _origin(findings)


def _conditions(findings: Findings) -> str:
    plan = findings.plan
    text = (
        f'{findings.episodes} episodes in each cell, of {EPISODE:g} s from hanging at rest. One '
        f'succeeds if the pendulum is within 10 degrees of upright at every step of the last '
        f'{HOLD:g} s and the arm within 120 degrees throughout. What is swept is the same for all '
        f'robots of a cell; every other parameter is drawn within {100 * plan.spreads[0]:g} % of '
        'the robot file, angles come in encoder steps and with 1 mrad of noise, and the delay is '
        f'{DELAY.show(plan.delay)}, unless it is what is swept. Energy is the integral of '
        '|voltage x current| at the motor over the episode.'
    )
    if len(findings.figures) > 1:
        text += (
            ' The classical controller (energy swing-up and LQR) knows the nominal robot, has the '
            'nominal delay of each cell in its model, and runs at its own rate.'
        )
    return escape(text)


def _table(findings: Findings) -> str:
    rows = []
    for axis in findings.plan.axes:
        trained = findings.trained(axis)
        held = [in_words(axis, findings.held(who, axis)) for who in findings.figures]
        rows.append([escape(axis.title), _trained(axis, trained), *map(escape, held)])
    return table(['', 'trained with', *findings.figures], rows)


def _trained(axis: Axis, trained: tuple[float, float] | None) -> str:
    if trained is None:
        return 'not known'
    low, high = trained
    if low == high:
        return f'only {axis.show(low)}'
    return f'{axis.show(low)} to {axis.show(high)}'


def _origin(findings: Findings) -> str:
    facts = {
        'robot': f'{findings.robot}, hash {findings.robot_hash[:12]}',
        'version of the suite that trained it': findings.git_hash or 'not known',
        **{f'training: {name}': str(value) for name, value in findings.training.items()},
        'seed of the robots': str(findings.seed),
        'time that the sweeps took': f'{findings.seconds:.0f} s',
    }
    return table(['', ''], [[escape(name), escape(value)] for name, value in facts.items()])
