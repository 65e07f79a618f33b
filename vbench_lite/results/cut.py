"""A run cut by a tag: what its prompts with that tag say, with the intervals of so many prompts.

Tags come with the prompts of a suite: of a data set, a manifest, or a prompt set. Clips and their values are
cut; a value over a whole set cannot be, and has the reason instead. Timed calls are of no prompt and stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from vbench_lite.errors import StoreError
from vbench_lite.results.arms import Run
from vbench_lite.store.schema import Level, RunDocument, ScoreStatus

_WHOLE = "of the whole set of prompts; it is not cut by a tag"


@dataclass(frozen=True)
class Cut:
    """A run as if it had been asked for some of its prompts alone; it is read as any run.

    prompts: their ids.
    """

    run: Run
    prompts: frozenset[str]

    @property
    def run_id(self) -> str:
        return self.run.run_id

    def document(self) -> RunDocument:
        return self.run.document()

    def table(self, kind: str, columns: Collection[str] | None = None) -> pa.Table:
        """As `Run.table`, with the rows of these prompts."""
        if kind not in ("sample", "score"):
            return self.run.table(kind, columns)
        more = ("prompt_id", *(("level", "status", "reason", "value") if kind == "score" else ()))
        found = self.run.table(kind, None if columns is None else list(dict.fromkeys([*columns, *more])))
        kept = pc.is_in(found["prompt_id"], pa.array(sorted(self.prompts)))
        if kind == "score":
            kept = pc.or_(kept, pc.not_equal(found["level"], str(Level.SAMPLE)))
        found = found.filter(kept)
        return _without_sets(found) if kind == "score" else found


def cut(run: Run, tag: str, tags: Mapping[str, Sequence[str]]) -> Cut:
    """A run's prompts that have a tag.

    Args:
        tags: by prompt id.

    Raises:
        StoreError: none has it; the message names the tags that there are.
    """
    found = cut_support(run, tag, tags)
    if not found.prompts:
        known = ", ".join(sorted({each for its in tags.values() for each in its})) or "none at all"
        raise StoreError(f"no prompt of run {run.run_id} has the tag {tag!r}; there are: {known}")
    return found


def cut_support(run: Run, tag: str, tags: Mapping[str, Sequence[str]]) -> Cut:
    """The same of a run that others are supported by: without such a prompt its timed calls are left."""
    return Cut(run, frozenset(prompt for prompt, its in tags.items() if tag in its))


def _without_sets(found: pa.Table) -> pa.Table:
    """Score rows whose values over sets are gone, with the reason."""
    whole = pc.equal(found["level"], str(Level.SET))
    told = {"status": str(ScoreStatus.NOT_APPLICABLE), "reason": _WHOLE, "value": None}
    for name, value in told.items():
        place, field = found.schema.get_field_index(name), found.schema.field(name)
        filler = pa.scalar(value, type=field.type)
        found = found.set_column(place, field, pc.if_else(whole, filler, found[name]))
    return found
