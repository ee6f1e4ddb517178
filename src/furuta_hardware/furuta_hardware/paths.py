# SPDX-License-Identifier: Apache-2.0
"""Where the firmware's files are."""

from pathlib import Path

FIRMWARE_DIR = Path(__file__).parent / 'firmware'
