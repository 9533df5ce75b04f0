"""Words of a large vocabulary that are spelled almost like a given one, found in one pass that keeps only the best."""

from __future__ import annotations

from collections.abc import Iterable

SHORT = 4
"""Words of up to so many letters admit one change, longer ones two."""


def near_words(words: Iterable[str], vocabulary: Iterable[str], count: int = 3) -> dict[str, list[str]]:
    """Up to ``count`` entries of ``vocabulary`` for each word, nearest first, the earlier entry first among equals.

    Near are entries of the same letters and digits, case and separators aside, then those that begin with the same
    letter and are one or two changes away (a letter more, less, another, or two swapped). Words without any are left
    out.
    """
    targets: dict[str, list[tuple[str, str]]] = {}
    for word in sorted(set(words)):
        if letters := letters_of(word):
            targets.setdefault(letters[0], []).append((word, letters))
    best: dict[str, list[tuple[int, int, str]]] = {}
    for position, entry in enumerate(vocabulary):
        for word, letters in targets.get(entry[:1].casefold(), ()):
            if abs(len(entry) - len(letters)) > 8:
                continue  # too long or too short even for two changes and a few separators
            changes = _changes(letters, letters_of(entry), limit=1 if len(letters) <= SHORT else 2)
            if changes is not None and entry != word:
                kept = best.setdefault(word, [])
                kept.append((changes, position, entry))
                kept.sort()
                del kept[count:]
    return {word: [entry for _, _, entry in kept] for word, kept in best.items()}


def letters_of(text: str) -> str:
    """The letters and digits of a text in one case: ``Table-Lamp`` and ``tablelamp`` give the same."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _changes(a: str, b: str, limit: int) -> int | None:
    """Number of changes from ``a`` to ``b`` (optimal string alignment), None above ``limit``."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > limit:
        return None
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            value = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                value = min(value, before[j - 2] + 1)
            row.append(value)
        if min(row) > limit and min(last) >= limit:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= limit else None
