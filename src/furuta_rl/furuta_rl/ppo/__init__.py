# SPDX-License-Identifier: Apache-2.0
"""Proximal policy optimization in JAX: environment, rollout and update in one program.

J. Schulman et al., "Proximal Policy Optimization Algorithms" (2017), arXiv:1707.06347. Read
`trainer.py` first: it is the algorithm, and each of its lines has a file of its own here.
"""
