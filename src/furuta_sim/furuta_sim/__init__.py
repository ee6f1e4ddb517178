# SPDX-License-Identifier: Apache-2.0
"""The simulated plants: batched backends behind one protocol and the real-time simulation node."""
