"""What is said where a disk does not take a file: which place, why, what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.store.disk import writing


def said(error: OSError, place: str, option: str | None = "--root") -> str:
    with pytest.raises(StoreError) as found, writing(Path(place), option):
        raise error
    return str(found.value)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (("results/pool/a.mkv",), "results/pool/a.mkv"),
        (("source/a.mkv", None, "results/a.mkv"), "results/a.mkv"),  # which is copied, and to where
        (("results/.0a1b.tmp.html",), "results"),
        ((), "results"),
    ],
)
def test_the_file_that_is_written_is_named(files: tuple[str | None, ...], named: str) -> None:
    told = said(OSError(errno.ENOSPC, "full", *files), "results")
    assert told.startswith(f"cannot write to {named}: {os.strerror(errno.ENOSPC)}; free some space, and ")


def test_another_place_is_named_by_the_option_that_takes_it() -> None:
    read_only = OSError(errno.EROFS, "read-only")
    assert "can be written, with --root, and" in said(read_only, "results")
    assert "can be written, with -o, and" in said(read_only, "page", "-o")
    assert "can be written, and" in said(read_only, "report.html", None)


def test_printing_to_a_full_disk_is_no_fault_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("vbench_lite.cli.listing.print_table", full)
    assert call(["list", "suites"]) == 2
    assert capsys.readouterr().err == (
        f"vbench-lite: the output cannot be written: {os.strerror(errno.ENOSPC)}; free some space\n"
    )
