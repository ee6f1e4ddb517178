# SPDX-License-Identifier: Apache-2.0
"""What `furuta train` does around a trainer's algorithm: options, run folder, figures, results."""
