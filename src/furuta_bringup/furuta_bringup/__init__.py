# SPDX-License-Identifier: Apache-2.0
"""Wiring: bring-up, launch files, the furuta command, the twin and the recorder."""
