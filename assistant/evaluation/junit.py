"""A run as JUnit XML, which build servers show: one test case for each prompt and model."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from assistant.evaluation.running import Result, Run
from assistant.evaluation.summary import of_group, of_model

# What XML 1.0 has no place for.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Run) -> str:
    root = ET.Element("testsuites", name="assistant eval")
    for model in run.models:
        for group in run.groups:
            results = of_group(of_model(run.results, model), group)
            suite = ET.SubElement(
                root, "testsuite", name=_clean(f"{group.name} ({model})"),
                tests=str(len(results)), failures=str(sum(not r.score.passed for r in results)),
                errors="0", skipped="0",
                time=f"{sum(r.score.total or 0 for r in results):.3f}",
            )
            for result in results:
                suite.append(_case(result))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(result: Result) -> ET.Element:
    case = ET.Element(
        "testcase", name=result.prompt.id, classname=_clean(f"{result.group.name}.{result.model}"),
        time=f"{result.score.total or 0:.3f}",
    )
    if result.score.faults:
        failure = ET.SubElement(case, "failure", message=_clean("; ".join(result.score.faults)))
        failure.text = _clean(f"{result.prompt.asked[-1]}\n\n{result.answer.text}")
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)
