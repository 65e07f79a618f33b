"""How a run looks while it works: a moving line on a terminal, plain lines elsewhere; all on stderr."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vbench_lite.cli.output import console, warn
from vbench_lite.format import duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from vbench_lite.run.progress import Event, Progress, Stage

TITLES: dict[Stage, str] = {
    "prepare": "Preparing",
    "generate": "Generating",
    "measure": "Timing",
    "score": "Scoring",
    "finish": "Finishing",
    "check": "Checking",
    "load": "Loading",
}
LIVE_PAGE = "http://127.0.0.1:8501/live"  # of the command `dashboard` with its default port
PLAIN_INTERVAL_S = 10.0  # between two lines of one stage in a log file
_SAMPLE = re.compile(r" [0-9a-f]{10}-s\d+\b")  # the name of a sample in an event
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+(\.\d+)?")


LONG_S = 2 * 3600.0  # work that somebody at a terminal is asked about
PACE_S = 20.0  # of work before its pace is taken for an estimate


@contextmanager
def shown(*, ask: bool = False, watch: str = "") -> Iterator[Progress]:
    """Give what an engine reports to, fitting for where stderr goes.

    Args:
        watch: the command that shows the work in a browser, told on a terminal.
        ask: on a terminal, ask once before hours of work, as soon as its pace is known; "no" stops the run
            as Ctrl-C does, so that it can go on later.
    """
    if sys.stderr.isatty():
        if watch:
            warn(f"clips and intervals as they come: {watch}, then {LIVE_PAGE}")
        with _moving(ask=ask and sys.stdin.isatty()) as progress:
            yield progress
    else:
        lines = PlainLines(warn)
        try:
            yield lines
        finally:
            lines.told.end()


def time_left(seconds: float | None) -> str:
    """An estimate as people say it, rounded: "about 2 min left", or "" where nothing is known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} s left"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min left"
    return f"about {duration(seconds)} left"


class Told:
    """Lets a lasting event through once for each kind: twelve clips that fail alike are one line and a count.

    Events are of one kind if they differ in the name of a sample, or in numbers of the reason, alone.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def on_event(self, event: Event) -> None:
        """Write the first event of a kind."""
        told = _SAMPLE.sub("", event.text)
        head, _, reason = told.partition(": ")
        kind = f"{head}: {_NUMBERS.sub('#', reason)}"
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            self._first[kind] = told
            self._write(event.text)

    def end(self) -> None:
        """Write how many there were of each kind that came more than once."""
        for kind, count in self._counts.items():
            if count > 1:
                self._write(f"{count} x {self._first[kind]}")


class PlainLines:
    """One line for every new stage, every kind of lasting event, and every ten seconds between."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self.told = Told(write)
        self._stage: Stage | None = None
        self._last_s = 0.0

    def on_event(self, event: Event) -> None:
        """Write a line if this event is worth one."""
        if event.lasting:
            self.told.on_event(event)
            return
        now = self._clock()
        if event.stage == self._stage and now - self._last_s < PLAIN_INTERVAL_S:
            return
        self._stage, self._last_s = event.stage, now
        parts = [f"{TITLES[event.stage]} {event.done}/{event.total}", event.text]
        self._write("  ".join([*parts, time_left(event.remaining_s)]).rstrip())


class Question:
    """Asks once whether to go on, when the work that is left is known to take hours.

    Args:
        confirm: shows a question and returns the answer.
        clock: seconds.
    """

    def __init__(self, confirm: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._confirm, self._clock = confirm, clock
        self._since_s: float | None = None  # when the first estimate came
        self._asked = False

    def on_event(self, event: Event) -> None:
        """Take one event.

        Raises:
            KeyboardInterrupt: the answer is no.
        """
        if self._asked or event.remaining_s is None:
            return
        if self._since_s is None:
            self._since_s = self._clock()
        if self._clock() - self._since_s < PACE_S or event.remaining_s < LONG_S:
            return
        self._asked = True
        rest = f"{time_left(event.remaining_s)} ({event.done} of {event.total} are done)"
        if not self._confirm(f"{TITLES[event.stage]}: {rest}. Go on?"):
            raise KeyboardInterrupt


@contextmanager
def _moving(*, ask: bool = False) -> Iterator[Progress]:
    """A bar with the counts, what is being done, and an estimate of the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # what is being done gets the width left over
    bar = Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]:<18}"),
        TextColumn("{task.fields[text]}", markup=False, style="dim", table_column=rest),
        console=console(stderr=True),
        transient=True,
        expand=True,
    )
    with bar:
        shown = _Bar(bar, ask)
        try:
            yield shown
        finally:
            shown.told.end()


class _Bar:
    """Events to one task of a rich progress display."""

    def __init__(self, bar: RichProgress, ask: bool = False) -> None:
        self._bar = bar
        self._question = Question(self._confirm) if ask else None
        self.told = Told(lambda text: bar.console.print(text, markup=False))
        self._task = bar.add_task("", total=None, left="", text="")

    def on_event(self, event: Event) -> None:
        if event.lasting:
            self.told.on_event(event)
            return
        self._bar.update(
            self._task,
            description=TITLES[event.stage],
            completed=event.done,
            total=event.total,
            left=time_left(event.remaining_s),
            text=event.text,
        )
        if self._question is not None:
            self._question.on_event(event)

    def _confirm(self, text: str) -> bool:
        import click

        self._bar.stop()
        try:
            return click.confirm(text, default=True, err=True)
        finally:
            self._bar.start()
