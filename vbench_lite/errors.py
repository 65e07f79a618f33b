"""Every error that vbench_lite raises on purpose.

A message is one line that says what was wrong, with which value, where, and what to do.
The command line prints it and leaves with the exit code of its class; it never shows a traceback for it.
"""

from __future__ import annotations

from vbench_lite.secrets import redact

_HALF_LINE = 1000  # characters of a message that is shown at its beginning and at its end


class VBenchLiteError(Exception):
    """Base class: wrong use, or nothing could be done (exit code 2)."""

    exit_code = 2


class SpecError(VBenchLiteError):
    """A specification, suite, policy or option is malformed or contradicts itself."""


class PromptError(VBenchLiteError):
    """A prompt cannot be read, or lies outside a closed vocabulary."""


class DatasetError(VBenchLiteError):
    """A data set cannot be read, or cannot give what is asked of it."""


class RegistryError(VBenchLiteError):
    """A name is unknown, or two plug-ins claim it."""


class ClipError(VBenchLiteError):
    """A clip cannot be read, decoded or written."""


class RequestError(VBenchLiteError):
    """A generator cannot serve this request at all (frames, size, task)."""


class WeightsError(VBenchLiteError):
    """Weights are missing or do not have the expected hash."""


class FetchError(VBenchLiteError):
    """A file cannot be had from a package index or an address, or is not the one expected."""


class StoreError(VBenchLiteError):
    """A run directory or a journal is missing, locked or damaged."""


class IncomparableError(VBenchLiteError):
    """Two results may not be subtracted; the message names the field that differs."""


class ContendedError(IncomparableError):
    """Times may not be subtracted, since other processes disturbed the timed calls."""


class TooFewError(IncomparableError):
    """Two results are of one kind, and of too few rounds or prompts to say how far they differ by chance."""


class GeneratorError(VBenchLiteError):
    """A generator outside this process failed, died, or did not keep to what was agreed."""


class Cancelled(VBenchLiteError):
    """The runner asked a generator to stop; raised by the context at the next call."""


class NotApplicable(VBenchLiteError):
    """A metric has no value for this input; the message is the reason that is stored."""


def one_line(error: BaseException) -> str:
    """An error in one line: class and message, without secrets; of a very long one, its beginning and end."""
    text = redact(" ".join(str(error).split()))  # before it is cut, which could leave a part of a secret
    if len(text) > 2 * _HALF_LINE:
        text = f"{text[:_HALF_LINE]} ... {text[-_HALF_LINE:]} ({len(text):,} characters)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the CPU or on a device."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in text
        or "not enough memory" in text
        or "can't allocate memory" in text  # torch's allocator of the processor
    )
