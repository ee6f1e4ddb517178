# SPDX-License-Identifier: Apache-2.0
"""How a command ends: mistakes in one line, Ctrl-C without a traceback.

Standard library only: a command calls this before it imports anything that takes time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


def run_command(work: Callable[[], int]) -> int:
    """Do the work of a command; its exit status, 2 for a mistake and 130 for Ctrl-C."""
    try:
        return work()
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 130
    except (ValueError, RuntimeError) as error:
        print(f'error: {error}', file=sys.stderr)
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        print(f'error: {where}{error.strerror or error}', file=sys.stderr)
    return 2
