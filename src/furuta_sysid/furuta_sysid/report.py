# SPDX-License-Identifier: Apache-2.0
"""report.html: an identification on one page that needs no network and no other file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from furuta_description.page import make_page, picture, table
from furuta_description.whole_file import write_whole
from furuta_sysid import plots
from furuta_sysid.comparison import Comparison
from furuta_sysid.result import IdentifiedParameter, SysidResult
from furuta_sysid.verdict import judge, warnings


def write_report(
    path: Path, result: SysidResult, comparisons: Sequence[Comparison], diff: Sequence[str]
) -> None:
    """Write the page whole.

    Args:
        path: where.
        result: what was found.
        comparisons: of every recording, replayed before and after.
        diff: lines that differ between the robot files.
    """
    write_whole(path, make_report(result, comparisons, diff).encode())


def make_report(
    result: SysidResult, comparisons: Sequence[Comparison], diff: Sequence[str]
) -> str:
    """The page."""
    verdict = judge(result)
    body = [
        f'<h1>{escape(result.robot)}, identified</h1>',
        f'<p class="verdict {verdict.kind}">{escape(verdict.text)}</p>',
        _list('Take note', warnings(result)),
        '<h2>Error against horizon</h2>',
        picture(plots.horizons(result.errors)),
        _errors(result),
        '<h2>Recordings, replayed open loop</h2>',
        *map(_recording, comparisons),
        '<h2>Parameters</h2>',
        _parameters(result.parameters),
        '<h2>Correlation of the estimates</h2>',
        '<p>Parameters near 1 or -1 to each other are known together, not each by itself.</p>',
        picture(plots.correlation(result), 'narrow') if result.parameters else '',
        '<h2>Changes of the robot file</h2>',
        f'<pre>{escape(chr(10).join(diff))}</pre>',
        '<h2>How it was made</h2>',
        _origin(result),
    ]
    return make_page(f'{result.robot}: identification', body)


def _recording(comparison: Comparison) -> str:
    before, after = comparison.before[-1], comparison.after[-1]
    fits = ', '.join(
        f'{signal} {was:.0f} to <b>{now:.0f} %</b>'
        for signal, was, now in zip(
            plots.SIGNALS, before.fit_percent, after.fit_percent, strict=True
        )
    )
    return (
        f'<h3>{escape(comparison.recording.name)} <small>{escape(comparison.part)}; windows of '
        f'{after.horizon:.3g} s; fit: {fits}</small></h3>'
        f'{picture(plots.replayed(before, after))}'
    )


def _errors(result: SysidResult) -> str:
    rows = [
        [
            error.part,
            f'{error.horizon:g}',
            f'{error.arm_before:.4f}',
            f'<b>{error.arm_after:.4f}</b>',
            f'{error.pendulum_before:.4f}',
            f'<b>{error.pendulum_after:.4f}</b>',
        ]
        for error in result.errors
    ]
    head = ['recordings', 'horizon [s]', 'arm before [rad]', 'after', 'pendulum before', 'after']
    return table(head, rows)


def _parameters(parameters: Iterable[IdentifiedParameter]) -> str:
    rows = [
        [
            f'{escape(p.name)} <small>{escape(p.unit)}</small>',
            f'{p.before:.4g}',
            f'<b>{p.value:.4g}</b>',
            f'{p.low:.4g} to {p.high:.4g}',
            _bar(p),
            f'{100 * (p.value / p.before - 1):+.1f} %' if p.before else '',
            escape(_remark(p)),
        ]
        for p in parameters
    ]
    head = ['parameter', 'before', 'value', '95 % interval', 'in its range', 'change', '']
    return table(head, rows)


def _remark(parameter: IdentifiedParameter) -> str:
    remarks = [] if parameter.is_identified else ['not shown by the data']
    remarks += ['at the end of its range'] if parameter.is_at_bound else []
    if parameter.correlated_with:
        remarks.append(f'with {", ".join(parameter.correlated_with)}')
    return '; '.join(remarks)


def _bar(parameter: IdentifiedParameter) -> str:
    """Interval and value within the prior range, the old value as a mark."""
    low, high = parameter.prior
    span = max(high - low, 1e-300)

    def percent(value: float) -> float:
        return 100 * min(max((value - low) / span, 0.0), 1.0)

    left, right = percent(parameter.low), percent(parameter.high)
    return (
        f'<div class="range"><i style="left:{left:.1f}%;width:{max(right - left, 1):.1f}%"></i>'
        f'<b style="left:{percent(parameter.value):.1f}%"></b>'
        f'<u style="left:{percent(parameter.before):.1f}%"></u></div>'
    )


def _origin(result: SysidResult) -> str:
    uses = [
        [
            escape(use.name),
            use.part,
            f'{use.seconds:.1f}',
            f'{use.cost:.2f}',
            f'<code>{use.sha256[:12]}</code>',
        ]
        for use in result.recordings
    ]
    head = ['recording', 'used for', 'length [s]', 'RMS residual [encoder steps]', 'sha256']
    facts = {
        'robot file': result.robot_file,
        'robot hash': result.robot_hash[:12],
        'wall time of the fit': f'{result.seconds:.1f} s',
        **{f'option {name}': str(value) for name, value in result.options.items()},
        **{f'version of {name}': value for name, value in result.versions.items()},
    }
    rows = [[escape(name), escape(value)] for name, value in facts.items()]
    return table(head, uses) + table(['', ''], rows)


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ''
    points = ''.join(f'<li>{escape(item)}</li>' for item in items)
    return f'<h2>{title}</h2><ul>{points}</ul>'
