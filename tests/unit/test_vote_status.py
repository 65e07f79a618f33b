"""What the voting page says of votes that are still needed."""

from __future__ import annotations

from pathlib import Path

from fabricate import make_run
from test_votes import many

from vbench_lite.votes.clips import run_clips
from vbench_lite.votes.server import Poll


def test_nothing_is_foretold_before_every_generator_has_votes(tmp_path: Path) -> None:
    poll = Poll(tmp_path, run_clips(make_run(tmp_path, prompts=1)), question="Which?")
    first, second, third = poll._run.clips
    some = many(first, second, 3, 2)
    assert poll._status([]) == poll._status(some) == "every generator needs some votes first"
    assert "pairs open" in poll._status(some + many(second, third, 3, 2))
    poll.close()
