# SPDX-License-Identifier: Apache-2.0
"""Three ways to step the same robots; see base.py. Import the one you want by its module."""
