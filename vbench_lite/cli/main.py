"""The entry point: verbs that are imported only when called, and what an error looks like.

Every error that the project raises on purpose is one line on stderr and exit code 2; any other is
one line that says how to see the traceback. Nothing is printed to stdout but results.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import click

from vbench_lite.cli.exit_codes import INTERRUPTED, WRONG_USE
from vbench_lite.cli.output import any_encoding
from vbench_lite.printable import printable
from vbench_lite.secrets import redact

PROGRAM = "vbench-lite"
DEBUG_VARIABLE = "VBENCH_LITE_DEBUG"

# verb: (module, what `--help` says of it). The text stands here so that help imports no verb.
VERBS: dict[str, tuple[str, str]] = {
    "run": ("run", "Generate clips, score them, time the generators."),
    "try": ("try_model", "Judge a model of your own: adapter, suite and size are chosen and said."),
    "score": ("score", "Score clips made elsewhere, or a stored run again."),
    "leaderboard": ("leaderboard", "Show every generator with intervals and coverage."),
    "compare": ("compare", "Compare a candidate with a baseline, pair by pair."),
    "sweep": ("sweep", "Hold settings of one generator against its base: what is free?"),
    "load": ("load", "Put a server under load: latency, queue, goodput, saturation."),
    "history": ("history", "Show one metric over runs, and where its measurement changed."),
    "calibrate": ("calibrate", "Compare a run with itself: false alarms, and what it can find."),
    "advise": ("advise", "Say which generator to take, and how sure that is."),
    "audit": ("audit", "Damage real clips in known ways: which metrics notice?"),
    "vote": ("vote", "Vote blindly on clips, and rank by votes; which metric agrees?"),
    "baseline": ("baseline", "Give a run a lasting name, or list the names."),
    "dashboard": ("dashboard", "Open charts and clips in a browser."),
    "list": ("listing", "List generators, metrics, suites, datasets or runs."),
    "show": ("show", "Show all that is known of one name."),
    "store": ("store", "List, check, thin out and copy what is stored."),
    "merge": ("merge", "Put the parts of a run together that were made by run --shard."),
    "report": ("report", "Write a run as one HTML file for people without a server."),
    "publish": ("publish", "Write a static folder for anyone: answer, table, clips, methods."),
    "cite": ("cite", "Print the line that says how a run's numbers were made."),
    "export": ("export", "Write a run's tables as CSV, Parquet or JSON, or as VBench's files."),
    "import": ("import_results", "Keep published or foreign results as a run of their own."),
    "weights": ("weights", "List, fetch or import the weights of published networks."),
    "validate": ("validate", "Check a specification or a suite without running it."),
    "doctor": ("doctor", "Check this machine and installation."),
    "completion": ("completion", "Print what makes a shell complete with the tab key."),
}

NEXT_STEPS = f"""\
vbench_lite measures video generators on the same requests, with the same clock.

  {PROGRAM} doctor        is this machine ready?
  {PROGRAM} run           the default benchmark: four small generators
  {PROGRAM} try MODEL     a model of your own, on real prompts
  {PROGRAM} leaderboard   the table of what was run
  {PROGRAM} advise        which generator to take, and how sure that is
  {PROGRAM} dashboard     charts and clips in a browser

All verbs: {PROGRAM} --help"""


class ReaderGone(Exception):
    """Who reads our output has left, as `| head` does."""


class Interrupted(Exception):
    """The user pressed Ctrl-C."""


class LazyGroup(click.Group):
    """A group whose verbs are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"vbench_lite.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0].lower(), VERBS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"see: {PROGRAM} --help"
            raise click.UsageError(f"there is no verb {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # before click turns it into a blank line and an abort
            raise Interrupted from None
        except BrokenPipeError:  # before click makes a failure of it
            raise ReaderGone from None


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import vbench_lite

        click.echo(vbench_lite.__version__)
        ctx.exit(0)


@click.group(
    cls=LazyGroup,
    name=PROGRAM,
    invoke_without_command=True,
    subcommand_metavar="VERB [ARGUMENTS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Exit codes: 0 fine; 1 a gate failed; 2 wrong use or nothing could be done; "
    f"3 done, but some samples or clips failed. {DEBUG_VARIABLE}=1 shows tracebacks.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and leave.",
)  # fmt: skip
@click.pass_context
def app(ctx: click.Context) -> int:
    """Measure video generators: quality, coherence, speed and memory on one clip set with one clock."""
    if ctx.invoked_subcommand is None:
        click.echo(NEXT_STEPS)
    return 0


def _say(message: str, context: click.Context | None = None) -> None:
    """One line on stderr, naming the verb where one is known."""
    where = context.command_path if context is not None else PROGRAM
    click.echo(f"{where}: {printable(redact(' '.join(message.split())))}", err=True)


def call(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; see `exit_codes`."""
    debug = os.environ.get(DEBUG_VARIABLE) not in (None, "", "0")
    any_encoding()
    try:
        code = app.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        if "vbench_lite.store.remote" in sys.modules:  # a root at a URL was used
            sys.modules["vbench_lite.store.remote"].publish()
    except click.exceptions.NoArgsIsHelpError as error:  # a verb of verbs, alone
        click.echo(error.format_message(), err=True)
        return WRONG_USE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else PROGRAM
        said = error.format_message()
        if path == PROGRAM and isinstance(error, click.NoSuchOption):
            said += " Options stand behind the verb."
        said = said.replace("is not a valid integer range", "is not a whole number")
        said = said.replace("is not a valid float range", "is not a number")
        _say(said if "--help" in said else f"{said} (see: {path} --help)", context)
        return WRONG_USE
    except (Interrupted, KeyboardInterrupt, click.Abort):
        _say("interrupted; what was stored by then is kept")
        return INTERRUPTED
    except (ReaderGone, BrokenPipeError):  # the reader of our output went away, as with `| head`
        for stream in (1, 2):  # or the interpreter complains once more at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        return 0
    except Exception as error:
        return _report(error, debug)
    return code if isinstance(code, int) else 0


def _report(error: Exception, debug: bool) -> int:
    """Print an error of a verb and return its exit code; with debug on, let the traceback show."""
    from vbench_lite.errors import VBenchLiteError

    if debug:
        raise error
    if isinstance(error, VBenchLiteError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"{error.filename}: {error.strerror}")
        return WRONG_USE
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:  # of what is printed
        _say(f"the output cannot be written: {error.strerror}; free some space")
        return WRONG_USE
    _say(
        f"unexpected {type(error).__name__}: {error} "
        f"(this is a fault of vbench_lite; {DEBUG_VARIABLE}=1 shows the traceback)"
    )
    return WRONG_USE


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What an error leaves on stderr with debug on: its traceback, without the secrets in it."""
    click.echo(redact("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)


def main() -> None:
    """The console script."""
    gc.set_threshold(20_000)  # modules and rows are very many objects that stay
    sys.excepthook = _show_traceback
    sys.exit(call())


if __name__ == "__main__":
    main()
