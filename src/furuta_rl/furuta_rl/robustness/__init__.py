# SPDX-License-Identifier: Apache-2.0
"""How far a policy holds: what `furuta report` sweeps, simulates and writes."""
