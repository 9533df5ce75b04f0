"""How far a label conflict bounds a score."""

from __future__ import annotations

import numpy as np


def best_average_precision(relevant: int, in_conflict: int) -> float:
    """The highest AP@all of a query with ``relevant`` photos, ``in_conflict`` of which are in another class, too.

    A photo and its twin have equal distances, whatever the method; SEM-PCYC's metric counts such a pair at its end.
    The best ranking has the other photos first, then the pairs. Ranges over [0, 1]; 1 without conflicts.
    """
    if in_conflict == 0:
        return 1.0
    clean = relevant - in_conflict
    pairs = np.arange(1, in_conflict + 1)
    return float((clean + np.sum((clean + pairs) / (clean + 2 * pairs))) / relevant)
