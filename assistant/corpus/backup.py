"""The home folder → one file, and back: documents, originals and indexes."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path, PurePosixPath

import filelock

from assistant.errors import BackupError
from assistant.settings import RECORDS

Progress = Callable[[int, int], None]
"""Told how far it is: files done, and all there are."""

_MARK = "corpus-assistant-backup"
_VERSION = b"1\n"
# What an archive may unpack to: more than any home folder, less than any disk.
_MOST_BYTES = 50_000_000_000
# Of the running processes only: locks, and what the records' file is changed by.
_PASSING = ("index.lock", ".lock", f"{RECORDS}-wal", f"{RECORDS}-shm")


def back_up(home: Path, target: Path, progress: Progress = lambda done, total: None) -> int:
    """Write the home folder to a new zip file and return how many files it holds.

    Raises BackupError if there is nothing to keep, the file exists already or cannot be written,
    or another process is writing in the home folder.
    """
    if not home.is_dir():
        raise BackupError(f"There is no home folder {home}.", "Nothing was added or fetched yet.")
    if target.exists():
        raise BackupError(f"{target} exists already.", "Choose another name, or move it away.")
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _at_rest(home), zipfile.ZipFile(new, "x", zipfile.ZIP_DEFLATED, strict_timestamps=False
                                             ) as archive:
            files = list(_files(home))
            archive.writestr(_MARK, _VERSION)
            for number, path in enumerate(files, start=1):
                with _whole(path) as file:
                    archive.write(file, path.relative_to(home).as_posix())
                progress(number, len(files))
        os.replace(new, target)
        return len(files)
    except OSError as error:
        raise BackupError(
            f"The backup cannot be written to {target} ({error.strerror or error}).",
            "Choose a folder of yours with enough room.",
        ) from error
    finally:
        new.unlink(missing_ok=True)


def restore(
    source: Path, home: Path, *, replace: bool = False,
    progress: Progress = lambda done, total: None,
) -> int:
    """Put a backup in place of the home folder and return how many files it holds.

    The home folder is changed in one step, once the whole backup has been unpacked beside it.
    Raises BackupError if it is no backup of ours or damaged, if the home folder holds something
    (unless `replace`), or if it cannot be written.
    """
    before = home.with_name(f"{home.name}.before-restore")
    if before.exists() and not home.exists():
        os.replace(before, home)  # a restore was killed between its two last steps
    if not replace and home.is_dir() and any(_files(home)):
        raise BackupError(
            f"The home folder {home} holds documents or an index already.",
            "To replace it: assistant restore --replace (first, perhaps: assistant backup).",
        )
    new = home.with_name(f".{home.name}.{secrets.token_hex(4)}")
    try:
        count = _unpack(source, new, progress)
        with _at_rest(home):
            shutil.rmtree(before, ignore_errors=True)
        if home.exists():
            os.replace(home, before)
        os.replace(new, home)
        shutil.rmtree(before, ignore_errors=True)
        return count
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise BackupError(f"{source} is damaged, or no backup.", "Take another copy.") from error
    except OSError as error:
        raise BackupError(
            f"The backup {source} cannot be restored ({error.strerror or error}).",
            "Check that it exists and that there is room for it.",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _unpack(source: Path, new: Path, progress: Progress) -> int:
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if not entries or entries[0].filename != _MARK or archive.read(_MARK) != _VERSION:
            raise BackupError(f"{source} is no backup of this program.", "Take another file.")
        entries = [e for e in entries[1:] if not e.is_dir()]
        if sum(e.file_size for e in entries) > _MOST_BYTES:
            raise BackupError(f"{source} unpacks to too much.", "Take another file.")
        new.mkdir(parents=True)
        for number, entry in enumerate(entries, start=1):
            parts = PurePosixPath(entry.filename).parts
            if ".." in parts or entry.filename.startswith("/") or "\\" in entry.filename:
                raise BackupError(
                    f"{source} holds a file outside the home folder ({entry.filename}).",
                    "It was not made by this program; do not use it.",
                )
            archive.extract(entry, new)
            progress(number, len(entries))
        return len(entries)


def _files(home: Path) -> Iterator[Path]:
    """All files below, but not what belongs to running processes; links lead elsewhere."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name not in _PASSING:
            yield path


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """The file, or of the records a copy as they are at one moment, while a page adds to them."""
    if path.name != RECORDS:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(copy)) as new:
                file.backup(new)
        except sqlite3.DatabaseError:
            copy = path  # damaged: kept as it is
        yield copy


@contextmanager
def _at_rest(home: Path) -> Iterator[None]:
    """Nobody updates an index or fetches meanwhile."""
    with ExitStack() as stack:
        try:
            for path in [*home.glob("index/*/index.lock"), *home.glob("originals/.lock")]:
                stack.enter_context(filelock.FileLock(path, timeout=0))
        except filelock.Timeout as error:
            raise BackupError(
                f"Another process is writing in {home}.", "Wait until it has finished."
            ) from error
        yield
