"""Unpacking an archive that nobody vouches for: nothing leaves the target folder, nothing grows past a limit.

An archive may be damaged or made to harm, so its names, sizes and counts are claims that are checked here:

- a name that could leave the target (absolute, ``..``, a drive letter, a backslash, a NUL) ends the work;
- so does a wanted member that is a link or a device: the archives of data sets hold files and folders only;
- of names that are equal, or differ in case or Unicode form only, the first is written and the others are left out,
  so that every file system gives the same files;
- bytes are counted while they are written or decompressed, whatever sizes the archive declares;
- each file is written to a temporary name and renamed when it is whole; modes and owners are not taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from pcmsn.data.archives.formats import SUFFIXES, reader_of
from pcmsn.data.archives.members import Intake, Limits, Unpacked
from pcmsn.errors import DataError, PcmsnError

__all__ = ["Limits", "Unpacked", "is_archive", "unpack"]


def is_archive(path: Path) -> bool:
    """Whether ``path`` is a file whose name ends as the archives that ``unpack`` reads do."""
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def unpack(
    archive: Path,
    target: Path,
    *,
    wanted: Callable[[PurePosixPath], bool] = lambda name: True,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Unpacked:
    """Unpack a .zip, .7z or .tar (plain, .gz, .bz2, .xz) into the folder ``target``, which is made if missing.

    Only members whose name (relative, with forward slashes) is ``wanted`` are written: by default all. A file that is
    there with the right size is kept, so that the same call goes on after an interruption; one of another size is
    written anew. ``progress(done, total)`` counts bytes of the archive file.

    Raises DataError for an archive that is missing, of another kind, encrypted, damaged, cut short, hostile or larger
    than ``limits``, and for a full disk. Files that were whole by then stay.
    """
    if not is_archive(archive):
        what = "no such file" if not archive.exists() else "not an archive by its name"
        raise DataError(f"{archive}: {what}; expected a file that ends with {', '.join(SUFFIXES)}")
    intake = Intake(archive, target, wanted=wanted, limits=limits or Limits(), progress=progress)
    try:
        with intake:
            reader_of(archive)(archive, intake)
    except PcmsnError:
        raise
    except Exception as error:  # the readers raise almost anything on damaged input
        raise DataError(_damage(archive, target, intake, error)) from error
    return intake.result()


def _damage(archive: Path, target: Path, intake: Intake, error: Exception) -> str:
    reason = str(error) or type(error).__name__
    if archive.stat().st_size == 0:
        reason = "the file is empty"
    elif _starts_like_a_web_page(archive):
        reason = "the file is a web page, not an archive; a download was answered with a message"
    count = intake.result().files
    kept = f"{count} files are unpacked in {target} and are kept" if count else "nothing was unpacked"
    return (
        f"{archive}: damaged, cut short or of a kind that cannot be read ({reason}); {kept}. "
        "Get the archive again and repeat the command, or unpack it with another program and pass the folder"
    )


def _starts_like_a_web_page(archive: Path) -> bool:
    with archive.open("rb") as file:
        start = file.read(256).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))
