"""A plugin for where everything is at hand: what would be skipped fails."""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a whole file that would be skipped."""
    report = yield
    return fail(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that would be skipped."""
    report = yield
    return report if hasattr(report, "wasxfail") else fail(report)


def fail[Report: pytest.CollectReport | pytest.TestReport](report: Report) -> Report:
    """Turn a report that says skipped into one that says failed."""
    if report.outcome == "skipped":
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here. {why}"
    return report
