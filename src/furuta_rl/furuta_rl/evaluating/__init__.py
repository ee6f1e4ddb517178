# SPDX-License-Identifier: Apache-2.0
"""What `furuta evaluate` does around the evaluation: options, conditions, report, pictures."""
