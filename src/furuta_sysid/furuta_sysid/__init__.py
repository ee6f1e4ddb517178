# SPDX-License-Identifier: Apache-2.0
"""From recordings to a tuned robot file: excitation, capture, identification and report."""
