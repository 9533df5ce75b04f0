"""The report as a file."""

from __future__ import annotations

from pathlib import Path

from pcmsn.data.atomic import write_text_atomically
from pcmsn.errors import ReportError
from pcmsn.progress import Progress
from pcmsn.report.build import build_contents
from pcmsn.report.contents import Contents
from pcmsn.report.opening import ReportRequest
from pcmsn.report.page.page import render


def write_report(request: ReportRequest, target: Path, progress: Progress | None = None) -> Contents:
    """Measure a run and write its report to ``target``; gives what was written.

    Raises ReportError where ``target`` cannot be written, and as ``build_contents`` does.
    """
    if target.is_dir():
        raise ReportError(
            f"{target} is a folder; expected the name of a file to write, such as {target / 'report.html'}"
        )
    contents = build_contents(request, progress)
    try:
        write_text_atomically(target, render(contents))
    except OSError as error:
        reason = error.strerror or error
        raise ReportError(f"{target} cannot be written ({reason}); name another file with --out") from error
    return contents
