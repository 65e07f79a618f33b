"""Lines of samples in journals, with their keys, hardly parsed: a long run has hundreds of thousands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.store.journal import whole_lines

SampleKey = tuple[str, str, str]  # generator, suite, sample
# As the writer writes it, without characters that JSON escapes; any other line is parsed.
_SAMPLE_LINE = re.compile(
    rb'\{"kind":"sample","generator":"([^"\\]*)","suite":"([^"\\]*)","sample_id":"([^"\\]*)",'
)
_CLIP = b'"clip_sha256":"'
_SHA = re.compile(rb'([0-9a-f]{64})"')


def sample_lines(journals: Iterable[tuple[Path, int]]) -> Iterator[tuple[SampleKey, bytes]]:
    """Lines of samples in journals from a byte of each on, each with its key.

    Raises:
        StoreError: a line is no record.
    """
    texts: dict[bytes, str] = {}  # generators and suites: each once, and not once a line
    for path, start in journals:
        for line in whole_lines(path, start):
            match = _SAMPLE_LINE.match(line)
            if match is not None and line.endswith(b"}\n"):
                generator, suite, sample = match.groups()
                for text in (generator, suite):
                    if text not in texts:
                        texts[text] = text.decode()
                yield (texts[generator], texts[suite], sample.decode()), line
                continue
            try:
                record = json.loads(line)
                if record["kind"] != "sample":
                    continue
                key = (str(record["generator"]), str(record["suite"]), str(record["sample_id"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                raise StoreError(
                    f"journal {path} is damaged; see which line with: vbench-lite store verify"
                ) from None
            yield key, line


def clip_of(line: bytes) -> str | None:
    """The hash of the clip that the line of a sample names, if it does."""
    start = line.find(_CLIP) + len(_CLIP)  # a pattern that begins with the key takes three times as long
    found = None if start < len(_CLIP) else _SHA.match(line, start)
    return None if found is None else found[1].decode()
