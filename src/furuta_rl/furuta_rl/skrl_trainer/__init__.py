# SPDX-License-Identifier: Apache-2.0
"""The second trainer: skrl's agents (PyTorch) on the same environment, on any backend.

A. Serrano-Muñoz et al., "skrl: Modular and Flexible Library for Reinforcement Learning" (2023),
JMLR 24(254). Here stand what connects it to this suite, its networks and defaults that suit the
pendulum; the algorithms are skrl's own. Only `options` may be imported without torch.
"""
