"""Downloading one file from the first of its mirrors that has it: resumed, checked, and never half there.

gdown fetches from Google Drive and from plain addresses, and can continue a cut transfer. This module adds a choice of
mirrors, further attempts, checks before a file gets its name, and what a user can do when no mirror works.

While ``a.zip`` is downloaded, ``a.zip.partial-<mirror><random>.part`` holds what has arrived; each mirror has its own,
as two mirrors may hold different files. ``a.zip.wrong`` is a whole file of a wrong size or sum: it is kept to be looked
at, and never used.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pcmsn.data.downloads.locations import Part
from pcmsn.errors import DataError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have arrived, and their total where the server says it."""
RESERVE = 1 << 20
"""Bytes to leave free on the disk."""
TIMEOUT = (20.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""
_BLOCK = 1 << 20
_GONE = (401, 403, 404, 410)
_RANGE_IGNORED = "did not honor the requested byte range"  # gdown's words


@dataclass(frozen=True)
class Downloaded:
    """A file that is whole and, where size or sum are known, the right one."""

    part: Part
    path: Path
    bytes: int
    checked: str
    """What was compared: ``sha256``, ``md5``, ``size``, or an empty string where nothing is known of the file."""
    mirror: str | None
    """Where it came from; None when it was there before."""


class _MirrorError(Exception):
    """One mirror gave no usable file; the next one may."""


def download(
    part: Part,
    folder: Path,
    *,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
    attempts: int = 5,
    pause: float = 2.0,
) -> Downloaded:
    """The file of one part in ``folder``, downloaded unless it is there and right.

    ``note(text)`` tells of further attempts and of the next mirror. A mirror is tried ``attempts`` times; before the
    second time ``pause`` seconds go by, before each later one twice as many as before the last.

    Raises DataError when no mirror gives the right file (with the steps by hand), when the disk is full, and when
    another file has the name already. What has arrived of a cut download is kept, and the next call continues it.
    """
    path = folder / part.file
    if path.exists():
        return _already_there(part, path)
    _make_folder(folder)
    failures = []
    for mirror in part.mirrors:
        fetch = _Fetch(part, mirror, folder, progress or _silent_progress, note or _silent_note)
        try:
            fetch.run(attempts, pause)
            checked = _accept(part, fetch.partial, path)
        except _MirrorError as error:
            failures.append(f"{mirror}: {error}")
            if len(failures) < len(part.mirrors):
                fetch.note(f"{part.file}: {failures[-1]}; trying the next address")
            continue
        for leftover in folder.glob(f"{part.file}.partial-*"):
            leftover.unlink()
        return Downloaded(part, path, path.stat().st_size, checked, mirror)
    raise DataError(_manual_steps(part, path, failures))


def next_command(part: Part, folder: Path) -> str:
    """The command that goes on with the downloads in ``folder``, or an empty string."""
    return part.prepare.replace("{folder}", str(folder))


class _Fetch:
    """The transfer of one file from one mirror into ``partial``, which gdown's own pieces are named after."""

    def __init__(self, part: Part, mirror: str, folder: Path, progress: Progress, note: Callable[[str], None]) -> None:
        self.part = part
        self.mirror = mirror
        self.folder = folder
        self.note = note
        self.partial = folder / f"{part.file}.partial-{hashlib.sha256(mirror.encode()).hexdigest()[:8]}"
        self._progress = progress
        self._total: int | None = None

    def run(self, attempts: int, pause: float) -> None:
        """Fetch until the file is whole. Raises _MirrorError, and DataError for a disk that is too small or full."""
        for attempt in range(1, attempts + 1):
            _check_space(self.part, self.folder, self.part.size, self._arrived())
            self._total = None
            try:
                if not self._is_whole():
                    self._transfer()
                return
            except (_MirrorError, DataError):
                raise
            except Exception as error:  # beside its own and requests' errors, gdown lets through what odd answers cause
                reason = self._passing_reason(error)
            if attempt < attempts:
                self.note(f"{self.part.file}: {reason}; trying again ({attempt} of {attempts - 1})")
                time.sleep(pause * 2 ** (attempt - 1))
        kept = f"; {self._arrived()} bytes are kept, and the same command continues them" if self._arrived() else ""
        raise _MirrorError(f"{reason}{kept}")

    def _is_whole(self) -> bool:
        """Whether an earlier call fetched all bytes and ended before it could name the file."""
        pieces = list(self.folder.glob(f"{self.partial.name}*"))
        if len(pieces) != 1 or pieces[0].stat().st_size != self.part.size:
            return False
        pieces[0].replace(self.partial)
        return True

    def _transfer(self) -> None:
        from gdown import download as fetch

        drive = self.mirror.removeprefix("drive:") if self.mirror.startswith("drive:") else None
        fetch(
            url=None if drive else self.mirror,
            id=drive,
            output=str(self.partial),
            quiet=True,
            use_cookies=False,
            resume=True,
            progress=self._advance,
            timeout=TIMEOUT,
        )
        arrived = self.partial.stat().st_size
        page = _web_page(self.partial)
        if page:
            self._discard()
            raise _MirrorError(page)
        if self._total is not None and arrived != self._total:
            self._discard()
            raise _MirrorError(f"{arrived} bytes arrived of {self._total}; was the same file downloaded twice at once?")

    def _advance(self, done: int, total: int | None) -> None:
        if self._total is None and total is not None:
            self._total = total
            _check_space(self.part, self.folder, total, done)
        self._progress(done, total)

    def _passing_reason(self, error: Exception) -> str:
        """Why a transfer broke, in words, where another attempt may help.

        Raises _MirrorError where it would not, and DataError where no other mirror would help either.
        """
        import requests.exceptions as failures
        from gdown.exceptions import FileURLRetrievalError

        text = " ".join(str(error).split())
        if isinstance(error, FileURLRetrievalError):
            raise _MirrorError(_drive_refusal(text)) from error
        if isinstance(error, failures.HTTPError) and error.response is not None:
            status = error.response.status_code
            if status in _GONE:
                raise _MirrorError(f"gone or not public (the server answers {status})") from error
            return f"the server answers {status}"
        if isinstance(error, OSError) and not isinstance(error, failures.RequestException):
            raise _unwritable(self.part, self.folder, error, self._arrived()) from error
        if _RANGE_IGNORED in text:
            self._discard()
            return "the server cannot continue a cut download, which starts again from its first byte"
        if isinstance(error, failures.ConnectionError) and "Max retries exceeded" in text:  # not even one byte came
            return f"no connection to {urlsplit(self.mirror).hostname or 'drive.google.com'}"
        return f"the connection failed or was cut ({text[:200] or type(error).__name__})"

    def _arrived(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob(f"{self.partial.name}*"))

    def _discard(self) -> None:
        for path in self.folder.glob(f"{self.partial.name}*"):
            path.unlink()


def _already_there(part: Part, path: Path) -> Downloaded:
    fault = _web_page(path) or _fault(part, path)
    if fault:
        raise DataError(
            f"{path} is there, but {fault}; it was not touched. Move it away and repeat the command to download it"
        )
    return Downloaded(part, path, path.stat().st_size, _compared(part), None)


def _accept(part: Part, partial: Path, path: Path) -> str:
    """Give a whole file its name; what was compared. Raises _MirrorError for a wrong one, which is set aside."""
    fault = _fault(part, partial)
    if fault:
        wrong = path.with_name(f"{path.name}.wrong")
        partial.replace(wrong)
        raise _MirrorError(f"{fault}; the file is kept as {wrong} and is not used")
    partial.replace(path)
    return _compared(part)


def _fault(part: Part, path: Path) -> str:
    """What is wrong with a whole file, compared with all that is known of it; an empty string where it is right."""
    size = path.stat().st_size
    if part.size is not None and size != part.size:
        return f"it has {size} bytes, expected are {part.size}"
    for kind, expected in (("sha256", part.sha256), ("md5", part.md5)):
        if expected is not None:
            found = _digest(path, kind)
            if found != expected:
                return f"its {kind} is {found}, expected is {expected}"
    return "" if size else "it is empty"


def _compared(part: Part) -> str:
    """The strongest thing that ``_fault`` compares of a part, or an empty string."""
    known = {"sha256": part.sha256, "md5": part.md5, "size": part.size}
    return next((kind for kind, value in known.items() if value is not None), "")


def _digest(path: Path, kind: str) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _web_page(path: Path) -> str:
    """What a web page in a file's place says, or an empty string for another kind of file."""
    with path.open("rb") as file:
        start = file.read(100_000).lower()
    if not start.lstrip().startswith((b"<!doctype html", b"<html")):
        return ""
    if b"quota" in start or b"too many users" in start:
        return "a web page came that says that the quota for this file is used up; try again in a day"
    return "a web page came instead of the file: it is gone, has moved, or needs a login"


def _drive_refusal(text: str) -> str:
    if "Too many users" in text or "quota" in text.lower():
        return "Google Drive's quota for this file is used up for now; try again in a day"
    return "Google Drive gives no file: it is gone, not public, or asked for too often"


def _check_space(part: Part, folder: Path, size: int | None, arrived: int) -> None:
    free = shutil.disk_usage(folder).free
    if size is not None and size - arrived + RESERVE > free:
        raise DataError(
            f"not enough space for {part.file}: {size - arrived} more bytes are needed, {free} are free on the disk of "
            f"{folder}. Free some, or choose another folder with --to; what has arrived is kept"
        )


def _unwritable(part: Part, folder: Path, error: OSError, arrived: int) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"no space left in {folder} while {part.file} was downloaded; {arrived} bytes are kept. "
            "Free some space and repeat the command: it continues"
        )
    return DataError(f"cannot write {part.file} in {folder}: {error.strerror or error}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {folder}: {error.strerror or error}") from error


def _manual_steps(part: Part, path: Path, failures: list[str]) -> str:
    lines = [f"{part.dataset}, part {part.name}: {part.file} could not be downloaded"]
    lines += [f"  tried {failure}" for failure in failures] or ["  no direct address of it is known"]
    lines += [
        "By hand:",
        f"  1. Open {part.page}",
        f"     {part.by_hand}",
        f"  2. Save the file as {path}",
    ]
    if part.prepare:
        lines.append(f"  3. Go on with: {next_command(part, path.parent)}")
    return "\n".join(lines)


def _silent_progress(done: int, total: int | None) -> None:
    pass


def _silent_note(text: str) -> None:
    pass
