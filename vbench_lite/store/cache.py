"""Where files are kept that can be had again: weights, sample clips."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """`name` in VBENCH_LITE_CACHE, or in the platform's cache folder; it may not exist yet."""
    import platformdirs

    return Path(os.environ.get("VBENCH_LITE_CACHE") or platformdirs.user_cache_dir("vbench-lite")) / name
