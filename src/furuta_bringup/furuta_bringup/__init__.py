# SPDX-License-Identifier: Apache-2.0
"""Wiring: which nodes make up a bring-up, launch files, the furuta command, the twin and the recorder."""
