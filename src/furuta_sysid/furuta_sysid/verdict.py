# SPDX-License-Identifier: Apache-2.0
"""What a result comes down to: is the model good, and what must its user be warned of."""

from __future__ import annotations

from typing import NamedTuple

from furuta_sysid.result import HorizonError, SysidResult

JUDGED = 1.0  # [s] horizon that the headline speaks of: about what a swing takes
SAME = 0.98  # of the error before, and nearer to it, is no difference
MUCH = 2.0  # times that the error must have become smaller to be called much better


class Verdict(NamedTuple):
    """A headline."""

    kind: str
    """`good`, `fair` or `bad`"""
    text: str


def judge(result: SysidResult) -> Verdict:
    """The headline, from recordings kept out of the fit if there are any."""
    error = headline_error(result)
    if error is None:
        return Verdict('bad', 'Nothing was replayed: there is no error to judge by.')
    gains = (
        error.arm_before / max(error.arm_after, 1e-9),
        error.pendulum_before / max(error.pendulum_after, 1e-9),
    )
    kept = 'recordings that the fit has not seen'
    data = kept if error.part == 'validation' else 'the recordings of the fit'
    text = (
        f'Over {error.horizon:g} s open loop on {data}, the tuned model misses the arm by '
        f'{error.arm_after:.4f} rad and the pendulum by {error.pendulum_after:.4f} rad RMS; '
        f'before it was {error.arm_before:.4f} and {error.pendulum_before:.4f}.'
    )
    if min(gains) < SAME:
        return Verdict('bad', f'Worse than before in one joint: do not apply it. {text}')
    if result.is_model_right:
        return Verdict('good', f"Good down to the encoders' resolution. {text}")
    if max(gains) >= MUCH:
        return Verdict('good', f'Much better than before. {text}')
    if max(gains) <= 1 / SAME:
        return Verdict('fair', f'As good as before. {text}')
    return Verdict('fair', f'Little better than before. {text}')


def headline_error(result: SysidResult) -> HorizonError | None:
    """The error nearest to `JUDGED`, of the validation if there is one."""
    parts = {error.part for error in result.errors}
    part = 'validation' if 'validation' in parts else 'training'
    rows = [error for error in result.errors if error.part == part]
    return min(rows, key=lambda error: abs(error.horizon - JUDGED), default=None)


def warnings(result: SysidResult) -> list[str]:
    """What could mislead: the notes of the fit, and what its numbers say."""
    found = list(result.notes)
    pairs = {
        tuple(sorted((p.name, other))) for p in result.parameters for other in p.correlated_with
    }
    found += [
        f'{one} and {other} can hardly be told from each other: trust what they do together'
        for one, other in sorted(pairs)
    ]
    if not any(use.part == 'validation' for use in result.recordings):
        found.append(
            'no recording was kept out of the fit (--validation): the errors are those of the '
            'data that were fitted'
        )
    return found
