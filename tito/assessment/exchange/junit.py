"""A class as JUnit XML, which continuous integration and test viewers read: a suite a task, a case a check of a student."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from ..grades import Grade
from ..results import Check
from .standing import Standing

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SKIPPED = ("blocked", "not_run", "missing_submission")


def write(class_: Standing) -> str:
    root = ET.Element("testsuites", name=clean(class_.name))
    for task in class_.tasks:
        suite = ET.SubElement(root, "testsuite", name=clean(task.id))
        seconds = 0.0
        for grade in (grade for grade in class_.grades if grade.task == task.id):
            found = class_.of(grade)
            seconds += found.seconds if found else 0.0
            for check in found.checks if found and found.checks else (whole(grade),):
                case(suite, grade, check)
        suite.attrib |= counts(suite) | {"time": f"{seconds:.3f}"}
    root.attrib |= {
        name: str(sum(int(suite.get(name, 0)) for suite in root))
        for name in ("tests", "failures", "errors", "skipped")
    }
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def whole(grade: Grade) -> Check:
    """What stands for a task that came to no check: the submission could not be read, or there is none."""
    return Check(grade.task, grade.verdict, grade.score)


def case(suite: ET.Element, grade: Grade, check: Check) -> None:
    one = ET.SubElement(
        suite, "testcase", classname=clean(f"{grade.task}.{grade.student}"), name=clean(check.name)
    )
    if check.verdict == "passed":
        return
    kind = (
        "skipped" if check.verdict in SKIPPED else "error" if check.verdict == "grader_error" else "failure"
    )
    told = ET.SubElement(one, kind, message=clean(check.message or check.verdict.replace("_", " ")))
    if kind != "skipped":
        told.set("type", check.verdict)


def counts(suite: ET.Element) -> dict[str, str]:
    found = {
        name: len(suite.findall(f"testcase/{kind}"))
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    return {"tests": str(len(suite)), **{name: str(count) for name, count in found.items()}}


def clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return NOT_IN_XML.sub("\ufffd", text)
