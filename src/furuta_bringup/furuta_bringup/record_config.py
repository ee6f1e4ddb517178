# SPDX-License-Identifier: Apache-2.0
"""What `furuta record` records: its options, and which topics they choose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True)
class RecordConfig:
    """Options of a recording; parameters of `record_node` too."""

    bag: Annotated[str, tyro.conf.Positional] = field(
        default='',
        metadata={'help': 'folder to make and record into; bags/<date>_<time> if empty'},
    )
    topics: str = field(
        default='.*',
        metadata={'help': "regular expression for whole names, such as 'joint_states|motor/.*'"},
    )
    exclude: str = field(
        default='', metadata={'help': 'regular expression for names to leave out'}
    )
    duration: float = field(
        default=0.0, metadata={'help': 'end by itself after this time [s]; 0 = run until Ctrl-C'}
    )
    compression: Literal['none', 'zstd'] = field(
        default='none', metadata={'help': 'compression of each chunk of the file'}
    )


DEFAULTS = RecordConfig()


class TopicFilter:
    """Chooses topics by name; hidden ones (a part begins with `_`) never, as rosbag2 does."""

    def __init__(self, topics: str = '.*', exclude: str = '') -> None:
        """Regular expressions for whole names, with or without their first slash.

        Raises:
            ValueError: One of them is not a regular expression.
        """
        self._topics = _compile('topics', topics)
        self._exclude = _compile('exclude', exclude)

    def wants(self, name: str) -> bool:
        """Whether the topic of this full name is to be recorded."""
        is_hidden = any(part.startswith('_') for part in name.split('/'))
        return not is_hidden and _matches(self._topics, name) and not _matches(self._exclude, name)


def _compile(option: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f'{option}: {pattern!r} is no regular expression: {error}') from None


def _matches(pattern: re.Pattern[str], name: str) -> bool:
    return any(pattern.fullmatch(text) for text in (name, name.removeprefix('/')))
