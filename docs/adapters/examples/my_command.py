"""Make one clip: my_command.py REQUEST.json"""

import json
import sys
from pathlib import Path

from moving_disc import draw


def save(path, frames, shape):
    """Write numpy's format by hand; with numpy it is np.save(path, frames), uint8 (T, H, W, 3)."""
    header = str({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    Path(path).write_bytes(
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"".join(frames)
    )


asked = json.loads(Path(sys.argv[1]).read_text())
size = (asked["num_frames"], asked["height"], asked["width"])
save(asked["output"], draw(asked["prompt"], *size, asked["seed"]), (*size, 3))
