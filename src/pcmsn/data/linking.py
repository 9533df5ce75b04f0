"""Links to files where the file system makes them, and whether two files hold the same."""

from __future__ import annotations

import errno
import filecmp
import os
from collections.abc import Callable
from pathlib import Path

_NO_LINKS_HERE = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.ENOSYS}


def hard_link(source: Path, target: Path) -> bool:
    """Make ``target`` a hard link to ``source``; False, with nothing made, where the file system does not allow it.

    Raises OSError for everything else, such as a full disk or a target that exists.
    """
    return _linked(os.link, source, target)


def symbolic_link(source: Path, target: Path) -> bool:
    """As ``hard_link``, with a symbolic link to the absolute path of ``source``."""
    return _linked(os.symlink, source, target)


def _linked(make: Callable[[Path, Path], None], source: Path, target: Path) -> bool:
    try:
        make(source.resolve(), target)
    except OSError as error:
        if error.errno in _NO_LINKS_HERE:
            return False
        raise
    return True


def same_content(first: Path, second: Path) -> bool:
    """Whether two files are one, or hold the same bytes."""
    return first.samefile(second) or filecmp.cmp(first, second, shallow=False)
