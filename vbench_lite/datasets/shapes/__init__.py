"""The shapes world: a procedural video data set in which every attribute is known."""

from vbench_lite.datasets.shapes.drawing import held_out_clip as held_out_clip
from vbench_lite.datasets.shapes.drawing import patches as patches
from vbench_lite.datasets.shapes.drawing import path as path
from vbench_lite.datasets.shapes.drawing import phases as phases
from vbench_lite.datasets.shapes.drawing import real_clip as real_clip
from vbench_lite.datasets.shapes.drawing import render as render
from vbench_lite.datasets.shapes.drawing import sample_start as sample_start
from vbench_lite.datasets.shapes.drawing import scale as scale
from vbench_lite.datasets.shapes.scenes import BASE_SIZE as BASE_SIZE
from vbench_lite.datasets.shapes.scenes import CAPTION_HOLDS_FRAMES as CAPTION_HOLDS_FRAMES
from vbench_lite.datasets.shapes.scenes import COLOURS as COLOURS
from vbench_lite.datasets.shapes.scenes import DEFAULT_FRAMES as DEFAULT_FRAMES
from vbench_lite.datasets.shapes.scenes import DIRECTIONS as DIRECTIONS
from vbench_lite.datasets.shapes.scenes import FPS as FPS
from vbench_lite.datasets.shapes.scenes import HELD_OUT as HELD_OUT
from vbench_lite.datasets.shapes.scenes import HELD_OUT_STREAM as HELD_OUT_STREAM
from vbench_lite.datasets.shapes.scenes import RADIUS as RADIUS
from vbench_lite.datasets.shapes.scenes import SHAPES as SHAPES
from vbench_lite.datasets.shapes.scenes import SPEEDS as SPEEDS
from vbench_lite.datasets.shapes.scenes import Scene as Scene
from vbench_lite.datasets.shapes.scenes import all_scenes as all_scenes
from vbench_lite.datasets.shapes.scenes import edits as edits
from vbench_lite.datasets.shapes.scenes import parse_caption as parse_caption
from vbench_lite.datasets.shapes.scenes import sample_scenes as sample_scenes
