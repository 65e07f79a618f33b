"""Pages of metrics: from docstrings, the same for `show`, the docs and the glossary, and never stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from vbench_lite import registry
from vbench_lite.cli.show import command as show
from vbench_lite.report.metric_page import file_name, page, pages, parse

DOCS = Path(__file__).parents[2] / "docs"


def test_a_docstring_is_free_text_and_sections() -> None:
    text, sections = parse(
        """What it is.

        More of it,
        on two lines.

        Formula: log2(a / b)
        Traps: one trap,
            told below.

            And another.
        Cost: cheap.

        Closing words. Source: a paper (2020),
        equation 3.
        """
    )
    assert text == ["What it is.", "More of it, on two lines.", "Closing words."]
    assert sections == {
        "Formula": "log2(a / b)",
        "Traps": "One trap, told below.\n\nAnd another.",
        "Cost": "Cheap.",
        "Source": "A paper (2020), equation 3.",
    }


def test_a_section_named_source_is_the_source() -> None:
    assert parse("Words.\n\nSources: one; two")[1] == {"Source": "One; two"}


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_metric_has_a_page_that_says_what_it_declares(name: str) -> None:
    found = page(name)
    text = found.markdown()
    assert text.startswith(f"# {name}\n\n{found.info.summary}\n")
    facts = dict(found.facts())
    assert facts["Direction"] and facts["Bounds"] and facts["Looks at"] and facts["Cost"]
    assert [weights.key for weights in found.weights] == list(
        dict.fromkeys(
            [*found.info.weights]
            + [key for e in found.info.extractors for key in registry.load("extractors", e).info.weights]
        )
    )
    assert "## Source" in text and found.info.source.split("\n")[0] in text


def test_what_a_class_does_not_say_its_base_in_the_module_says() -> None:
    found = page("horizon/brightness_drift")
    assert any(text.startswith("Slope of a value of frames against time") for text in found.meaning)
    assert page("horizon/sharpness_drift").traps.startswith("A thing that leaves the picture")
    assert "shapes-video" in page("diversity/within_prompt").preprocessing


def test_a_metric_made_from_another_does_not_tell_the_others_meaning() -> None:
    dynamic, radius = page("coherence/dynamic"), page("coherence/flow_radius")
    assert radius.meaning and not set(radius.meaning) & set(dynamic.meaning)
    names = registry.names("metrics")
    kinds = {name: registry.load("metrics", name) for name in names}
    for name, base in ((n, b) for n in names for b in names if n != b and issubclass(kinds[n], kinds[b])):
        own, others = (set(parse(kinds[each].__doc__)[0]) for each in (name, base))
        assert not set(page(name).meaning) & (others - own), f"{name} tells what {base} is"


def test_pages_of_metrics_with_a_network_of_their_own_say_so_under_cost() -> None:
    assert "lpips-vgg" in page("reconstruction/lpips_vgg").cost
    assert page("reconstruction/psnr").cost == "one pass over both clips; no network"


def test_the_index_links_every_page_once_under_its_axis() -> None:
    listed = pages()
    text = (DOCS / "metrics" / "README.md").read_text(encoding="utf-8")  # as the code writes it: see below
    assert [text.count(f"({file_name(one.info.id)})") for one in listed] == [1] * len(listed)
    assert text.index("## Quality") < text.index("## Horizon") < text.index("## Memory")


def test_show_prints_the_page_and_its_facts() -> None:
    printed = CliRunner().invoke(show, ["horizon/loop_share", "--markdown"], standalone_mode=False)
    assert printed.output == page("horizon/loop_share").markdown()
    as_json = CliRunner().invoke(show, ["horizon/loop_share", "--json"], standalone_mode=False)
    assert '"formula"' in as_json.output and '"traps"' in as_json.output


def test_the_pages_in_the_docs_are_those_of_the_code() -> None:
    command = [sys.executable, str(DOCS / "metric_pages.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
