# SPDX-License-Identifier: Apache-2.0
"""Compiled programs kept from one process to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def use_cache(folder: Path) -> None:
    """Keep what JAX compiles in a folder, small programs too."""
    import jax

    set_option: Any = jax.config.update  # has no types
    set_option('jax_compilation_cache_dir', str(folder))
    set_option('jax_persistent_cache_min_compile_time_secs', 0)
