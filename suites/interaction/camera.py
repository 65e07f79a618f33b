"""Steered clips of any world: does the camera go where the keys say? Read from optical flow."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np

from vbench_lite.datasets.pans import direction_panned
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, MetricInfo, SampleInfo
from vbench_lite.suites.interaction.divergence import Divergence
from vbench_lite.suites.interaction.following import Followed, Stopped
from vbench_lite.suites.interaction.onset import Onset
from vbench_lite.suites.interaction.session import STEERED_MIN_FRAMES, Session, turns_of

_info = partial(
    MetricInfo,
    axis=Axis.CONTROL,
    bounds=(0.0, 1.0),
    higher_is_better=True,
    source="DIS optical flow (Kroeger et al., ECCV 2016) by OpenCV against the script",
    extractors=("camera-track",),
    min_frames=STEERED_MIN_FRAMES,
)


def camera_session(rows: Features, sample: SampleInfo) -> Session:
    """A session of which the camera's own movement is known, and no borders.

    Raises:
        NotApplicable: the clip was not steered.
    """
    if sample.script is None:
        raise NotApplicable("the clip was not steered")
    track = np.concatenate([np.zeros((1, 2)), np.cumsum(rows, axis=0, dtype=np.float64)])
    turns = turns_of(sample.script, sample.sampled, len(track), direction_panned)
    return Session(track, np.ones(len(track), np.bool_), None, turns)


class _OfCamera:
    session_of = staticmethod(camera_session)


class CameraFollowed(_OfCamera, Followed):
    """Share of changes of direction after which the picture moves as if the camera went there.

    As `interaction/followed`, in any world: the movement is that of the camera, read from optical flow. A and
    left ask for the camera's left, D and right for its right, up and down as they say.

    Formula: mean over holds that ask for another direction than the one before of [the mean movement of the
        camera in the second half is above 1/128 of the short side a frame, and within 45 degrees of the
        direction asked]; the movement is the opposite of the median flow over the quarter of the pixels
        where the picture is steepest.
    Traps: nobody knows whether the world had room to go on: a wall counts as not followed. A scene that moves
        as a whole is taken for the camera. W and S (forward, backward) are not judged. In a world where keys
        move a figure in front of a camera that stands still, it means nothing.
    """

    info: ClassVar[MetricInfo] = _info(
        id="interaction/camera_followed",
        summary="Share of changes of the held direction after which the camera moves so, by optical flow.",
    )


class CameraStopped(_OfCamera, Stopped):
    """Share of releases after which the camera comes to rest.

    Formula: mean over holds of nothing that follow a movement of [the mean movement of the camera in the
        second half is at most 1/128 of the short side a frame], read as for `interaction/camera_followed`.
    Traps: a frozen clip always rests: read it beside `interaction/camera_followed`.
    """

    info: ClassVar[MetricInfo] = _info(
        id="interaction/camera_stopped",
        summary="Share of releases of all keys after which the camera rests, by optical flow.",
    )


class CameraOnset(_OfCamera, Onset):
    """Seconds of the clip from the first frame made with a new direction to the first whose picture moves so.

    Formula: as of `interaction/onset_s`, with the movement of the camera in place of the shape's, read as for
        `interaction/camera_followed`.
    Traps: those of `interaction/camera_followed`; fewer than half of the holds answered, no value.
    """

    info: ClassVar[MetricInfo] = _info(
        id="interaction/camera_onset_s",
        unit="s",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Seconds from the first frame made with a new direction to the first that moves so, by flow.",
    )


class CameraDivergence(_OfCamera, Divergence):
    """Distance between the cameras of two clips of one seed, after their scripts part.

    Exactly 0 for a generator that ignores actions: then its two clips are one.

    Formula: as of `interaction/divergence`, with the way of the camera in place of the shape's, read as for
        `interaction/camera_followed`, in 32nds of the short side.
    Traps: a generator that is not deterministic parts from itself. Errors of the flow add up over a clip.
    """

    info: ClassVar[MetricInfo] = _info(
        id="interaction/camera_divergence",
        unit="px",
        bounds=(0.0, None),
        higher_is_better=None,
        summary="Pixels (at 32x32) by which cameras of one seed part after their scripts do; 0 if ignored.",
        min_n=2,
    )
