"""Results of scenarios as JUnit's XML, which CI services show. Pure."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .scenario_run import Result


def report(results: Sequence[Result]) -> str:
    """The XML."""
    failures = sum(bool(result.problem) for result in results)
    seconds = sum(result.seconds for result in results)
    figures = {"tests": str(len(results)), "failures": str(failures), "errors": "0", "time": f"{seconds:.3f}"}
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", {"name": "scenarios"} | figures)
    for result in results:
        scenario = result.scenario
        place = {"classname": scenario.file, "file": scenario.file, "line": str(scenario.line)}
        case = SubElement(suite, "testcase", {"name": _xml(scenario.name), "time": f"{result.seconds:.3f}"} | place)
        if result.problem:
            first = result.problem.partition("\n")[0]
            SubElement(case, "failure", {"message": _xml(first)}).text = _xml(result.problem)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Text without the characters that XML forbids."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)
