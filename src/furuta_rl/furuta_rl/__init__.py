# SPDX-License-Identifier: Apache-2.0
"""The classical controller, and the task, training and policy that have to beat it."""
