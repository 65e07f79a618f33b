"""A third party's plug-ins, as its own package holds them."""

from pathlib import Path

SUITE = Path(__file__).with_name("waves.yaml")
