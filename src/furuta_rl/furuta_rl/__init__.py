# SPDX-License-Identifier: Apache-2.0
"""Controllers: the classical baseline, and the task, the training and the policy that have to beat it."""
