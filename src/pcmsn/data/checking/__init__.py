"""Checking a data set as it lies on disk: what is wrong with it, and what that does to the scores."""

from pcmsn.data.checking.check import check
from pcmsn.data.checking.findings import CheckReport, Finding

__all__ = ["CheckReport", "Finding", "check"]
