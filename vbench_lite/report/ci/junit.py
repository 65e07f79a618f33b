"""A comparison as JUnit XML: one test case a metric, as CI systems show them.

REGRESSED and INCOMPARABLE primary metrics are failures, INCONCLUSIVE ones are skipped with the reason
(JUnit knows no warning); where the policy's `fail_on` says otherwise, it decides. Metrics that are
not primary, or that the policy lets decide nothing, never fail. The schema is that of Jenkins and of the
`junit` report of pytest.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from vbench_lite.compare import Comparison, MetricResult
from vbench_lite.report.terminal.comparison import change, open_question
from vbench_lite.stats.noninferiority import Verdict

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(comparison: Comparison) -> str:
    """The comparison as a JUnit XML document."""
    name = f"{comparison.baseline['generator']} -> {comparison.candidate['generator']}"
    suite = ET.Element("testsuite", {"name": _plain(f"vbench-lite {comparison.suite}: {name}")})
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for result in comparison.metrics:
        if result.verdict is None:
            continue
        counts["tests"] += 1
        area = result.metric.replace("/", ".").rpartition(".")[0]
        kind = "primary" if result.primary else "other"
        case = ET.SubElement(
            suite,
            "testcase",
            {
                "classname": _plain(f"{comparison.suite}.{kind}{'.' + area if area else ''}"),
                "name": _plain(result.metric),
            },
        )
        if comparison.fails_by(result):
            counts["failures"] += 1
            failure = ET.SubElement(
                case, "failure", {"type": str(result.verdict), "message": _plain(message(result))}
            )
            failure.text = _plain(details(result))
        elif result.verdict in (Verdict.INCONCLUSIVE, Verdict.INCOMPARABLE):
            counts["skipped"] += 1
            ET.SubElement(case, "skipped", {"message": _plain(message(result))})
        ET.SubElement(case, "system-out").text = _plain(details(result))
    for key, count in counts.items():
        suite.set(key, str(count))
    root = ET.Element("testsuites", {key: str(count) for key, count in counts.items()})
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def message(result: MetricResult) -> str:
    """One line: the verdict with what decided it."""
    if result.verdict is Verdict.INCOMPARABLE:
        return f"{result.metric}: INCOMPARABLE: {result.reason}"
    if result.verdict is Verdict.INCONCLUSIVE:
        return f"{result.metric}: INCONCLUSIVE: {open_question(result)}"
    return f"{result.metric}: {result.verdict}: change {change(result)} (+ is better)"


def details(result: MetricResult) -> str:
    """Every number behind a verdict, one a line."""
    facts = {k: v for k, v in result.as_dict().items() if v is not None and k not in ("metric", "primary")}
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _plain(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("?", text)
