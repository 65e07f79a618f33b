"""Metrics, extractors and suite files that ship with the package.

A folder per area holds the metrics, one idea a file; `extractors/` holds the shared networks; a YAML file
here is a suite, registered as a path under its name. Nothing here is imported by the core: everything is
found through entry points.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

QUICK: Path = _HERE / "quick.yaml"
QUICK_SHAPES: Path = _HERE / "quick-shapes.yaml"
SPEED: Path = _HERE / "speed.yaml"
MEMORY: Path = _HERE / "memory.yaml"
STREAMING: Path = _HERE / "streaming.yaml"
SCALING: Path = _HERE / "scaling.yaml"
ALIGNMENT: Path = _HERE / "alignment.yaml"
COHERENCE: Path = _HERE / "coherence.yaml"
CONTINUATION: Path = _HERE / "continuation.yaml"
CONTROL: Path = _HERE / "control.yaml"
CONTROL_CLIPS: Path = _HERE / "control-clips.yaml"
DIVERSITY: Path = _HERE / "diversity.yaml"
FIDELITY: Path = _HERE / "fidelity.yaml"
GENERALISATION: Path = _HERE / "generalisation.yaml"
HORIZON: Path = _HERE / "horizon.yaml"
IMAGE_TO_VIDEO: Path = _HERE / "image-to-video.yaml"
OPEN: Path = _HERE / "open.yaml"
OPEN_FULL: Path = _HERE / "open-full.yaml"
OPEN_PROMPTS: Path = _HERE / "open-prompts.yaml"
QUALITY: Path = _HERE / "quality.yaml"
RECONSTRUCTION: Path = _HERE / "reconstruction.yaml"
STANDARD: Path = _HERE / "standard.yaml"
VBENCH: Path = _HERE / "vbench.yaml"
USE_CASES: Path = _HERE / "use-cases.yaml"
INTERACTIVE: Path = _HERE / "interactive.yaml"
INTERACTIVE_OPEN: Path = _HERE / "interactive-open.yaml"
LATENT_PATH: Path = _HERE / "latent-path.yaml"
STAGE_DETAIL: Path = _HERE / "stage-detail.yaml"
STAGE_LONG: Path = _HERE / "stage-long.yaml"
