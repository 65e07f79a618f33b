"""Pictures as requests to servers carry them."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from vbench_lite.generator import Frames


def png(image: Frames) -> bytes:
    """An image uint8 (H, W, 3) as PNG."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    assert done
    return data.tobytes()


def png_base64(image: Frames) -> str:
    """That PNG in base64."""
    return base64.b64encode(png(image)).decode("ascii")


def png_address(image: Frames) -> str:
    """That PNG as a data: address."""
    return f"data:image/png;base64,{png_base64(image)}"
