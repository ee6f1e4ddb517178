# SPDX-License-Identifier: Apache-2.0
"""`furuta record`: records all topics into a rosbag2 bag and says what it holds.

`furuta record --recover BAG` makes a bag whole whose recorder was killed.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from furuta_bringup.bag_recovery import recover as recover_bag
from furuta_bringup.record_config import RecordConfig
from furuta_bringup.record_node import RecordNode
from furuta_bringup.record_node import main as record_until_stopped

STATUS_PERIOD = 0.5  # [s]


def run_record(config: RecordConfig, recover: bool = False) -> int:
    """Record until Ctrl-C, or make the bag whole whose recorder was killed; the exit status."""
    console = Console(markup=False, highlight=False, soft_wrap=True)
    if recover:
        return _recover(Path(config.bag), console)
    nodes: list[RecordNode] = []
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def watch(node: RecordNode) -> None:
            nodes.append(node)
            if console.is_terminal:
                node.create_timer(STATUS_PERIOD, lambda: live.update(_line(node), refresh=True))

        status = record_until_stopped(config, watch)
    for node in nodes:
        console.print(_table(node))
        console.print(f'{_line(node)}  in {node.writer.folder}')
    return status


def _recover(bag: Path, console: Console) -> int:
    try:
        recovered = recover_bag(bag)
    except (ValueError, OSError) as error:
        console.print(f'error: {error}')
        return 2
    state = 'was whole already' if recovered.was_whole else 'is whole again'
    console.print(
        f'{bag} {state}: {recovered.messages} messages in {recovered.duration * 1e-9:.1f} s'
    )
    return 0


def _line(node: RecordNode) -> str:
    messages, lost = node.writer.total.messages, sum(node.lost.values())
    return (
        f'{node.elapsed:.1f} s  {messages} messages  {node.writer.size * 1e-6:.1f} MB'
        f'{f"  {lost} lost" if lost else ""}'
    )


def _table(node: RecordNode) -> Table:
    table = Table('topic', box=None)
    for title in ('messages', 'rate', 'lost'):
        table.add_column(title, justify='right')
    for name, tally in sorted(node.writer.tallies.items()):
        rate = f'{(tally.messages - 1) / tally.duration * 1e9:.1f} Hz' if tally.duration else ''
        table.add_row(name, str(tally.messages), rate, str(node.lost[name] or ''))
    return table
