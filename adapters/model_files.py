"""Where a model of diffusers or transformers lies: in a folder, or in the hub's cache.

The hub is asked only where the configuration says `local_files_only: false` and no variable forbids it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from vbench_lite.errors import SpecError, WeightsError
from vbench_lite.weights.model_folder import ModelSource, first_line

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_DECLARATIONS = ["*.json", "*.md", "*/*.json"]  # what is fetched to read a model without its weights


def offline(local_files_only: bool) -> bool:
    """Whether nothing may be fetched."""
    return local_files_only or os.environ.get("VBENCH_LITE_OFFLINE", "") not in ("", "0")


def locate(model: str, revision: str | None = None, local_files_only: bool = True) -> ModelSource:
    """Find a model's files.

    Raises:
        SpecError: no such folder, and no hub id.
        WeightsError: a hub id whose files are not in the cache and may not be fetched.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return ModelSource(model, folder)
    if not _HUB_ID.fullmatch(model) or model.startswith("."):
        raise SpecError(f"model {model}: there is no such folder, and it is no hub id (owner/name) either")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    stays = offline(local_files_only)
    try:
        found = snapshot_download(
            model, revision=revision, local_files_only=stays, allow_patterns=_DECLARATIONS
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        reason = "is not in the hub cache" if stays else f"cannot be fetched ({first_line(error)})"
        raise WeightsError(
            f"model {model} {reason}; there is no folder of that name; fetch it with "
            f"`hf download {model}`, or say local_files_only: false in its config"
        ) from None
    return ModelSource(model, Path(found))
