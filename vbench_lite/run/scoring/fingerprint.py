"""What must match before two numbers of one metric may be subtracted.

A fingerprint is a line of named fields, so that a comparison can say which of them differs:

    metric=distribution/kvd@1;extractors=i3d@1#0f3c…;requests=5b1e…;reference=…

- metric: id and version of the computation.
- extractors: id, version and a hash of weights and preprocessing, for each one it reads; `~bf16` after
  it where its network computed so, `!unverified` where its weights were admitted without a known hash.
- weights: those that the metric itself uses, in the same form; `!missing` where they are not here.
- requests: for a set, a hash over (prompt, seed, frames, size, rate) of its clips; for a clip, what was
  asked of all clips alike (frames, size, rate), since clips are paired by prompt and seed anyway; for a
  call, the case's frames, size, rate and batch.
- reference: the clips that a set is measured against, where there are any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vbench_lite.errors import WeightsError
from vbench_lite.extractor import FeatureExtractor
from vbench_lite.metric import Measurement, MetricInfo
from vbench_lite.run.networks import marked
from vbench_lite.weights import files, unverified

FIELDS = ("metric", "extractors", "weights", "requests", "reference")


def fingerprint(
    info: MetricInfo,
    extractors: Sequence[FeatureExtractor],
    requests: str,
    reference: str | None = None,
) -> str:
    """The fingerprint of a metric's value; `requests` comes from one of the functions below."""
    fields = {
        "metric": f"{info.id}@{info.version}",
        "extractors": ",".join(extractor_name(e) for e in extractors),
        "weights": ",".join(weights_name(key) for key in info.weights),
        "requests": requests,
        "reference": reference or "",
    }
    return ";".join(f"{name}={value}" for name, value in fields.items() if value)


def parse(text: str) -> dict[str, str]:
    """Fields of a fingerprint by name; those it has not are missing."""
    return dict(part.split("=", 1) for part in text.split(";") if "=" in part)


def differences(first: str, second: str) -> dict[str, tuple[str, str]]:
    """Fields in which two fingerprints differ, with both values; empty if the numbers may be subtracted."""
    a, b = parse(first), parse(second)
    names = [*FIELDS, *sorted((a.keys() | b.keys()) - set(FIELDS))]
    return {n: (a.get(n, ""), b.get(n, "")) for n in names if a.get(n) != b.get(n)}


def extractor_name(extractor: FeatureExtractor) -> str:
    """Id, version and a hash of everything that fixes its numbers."""
    info, text = extractor.info, extractor.fingerprint
    marks = marked(extractor.precision) + unverified.mark(text)
    return f"{info.id}@{info.version}#{short_hash([text])}{marks}"


def weights_name(key: str) -> str:
    """Key and a hash of the weights that would be used."""
    try:
        text = files.fingerprint(key)
    except WeightsError:
        return f"{key}!missing"
    return f"{key}#{short_hash([text])}{unverified.mark(text)}"


def clip_request(sample: Mapping[str, Any]) -> str:
    """What was asked of every clip alike, from a row of samples."""
    return _size(sample) + f"@{_rate(sample.get('fps'))}"


def set_requests(samples: Iterable[Mapping[str, Any]]) -> str:
    """A hash over the requests of a set, in whatever order they come."""
    lines = (f"{s['prompt']}|{s['seed']}|{clip_request(s)}" for s in samples)
    return short_hash(sorted(lines))


def call_request(call: Measurement) -> str:
    """What was asked in a timed call."""
    return (
        f"{call.case}:{call.frames_returned}x{call.height}x{call.width}@{_rate(call.fps)}:batch{call.batch}"
    )


def short_hash(lines: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that stand for these lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _size(sample: Mapping[str, Any]) -> str:
    sides = []
    for name in ("frames", "height", "width"):
        asked = sample.get(f"requested_{name}")
        sides.append(asked if asked is not None else sample.get("num_frames" if name == "frames" else name))
    return "x".join("any" if side is None else str(int(side)) for side in sides)


def _rate(fps: float | None) -> str:
    return "any" if fps is None else f"{fps:g}"
