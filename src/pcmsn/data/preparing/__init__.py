"""Preparing the benchmarks: from archives as downloaded to one layout with the same class names on both sides."""

from pcmsn.data.preparing.preparation import prepare
from pcmsn.data.preparing.report import PreparationReport

__all__ = ["PreparationReport", "prepare"]
