"""Scratch folders that go with their process, however it ends.

What extracts and reports put on a disk for the time being holds records of people. A folder goes at
the end of its block; where the process was killed, the next one that needs scratch in the same
place removes it. Which process owns a folder says a lock on a file in it, which the operating
system frees when the process dies: that holds across containers too, where process ids do not.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acutecast.errors import AcutecastError, Problem
from acutecast.system_errors import in_words

try:
    import fcntl
except ImportError:  # on systems without such locks nothing is cleared
    fcntl = None

PREFIX = "acutecast-"
LOCK = ".acutecast-scratch"
"""The file that says that a folder is scratch of ours; its process holds a lock on it."""
EARLIER = "earlier"
"""Beside the scratch: what was in the place of a finished folder, while they change places."""
_WORK = "work"
# Seconds after which a folder that never got its lock file is a dead process's.
_YOUNG = 3600.0


@contextmanager
def scratch_folder(purpose: str, root: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Give an empty folder that only its owner may read, and that goes with the block.

    What killed processes left there is removed first.

    Args:
        purpose: a word for its name ("extract").
        root: where it lies; the system's temporary folder (`TMPDIR`) where None.

    Raises:
        AcutecastError: where it cannot be made.
    """
    try:
        place = Path(tempfile.gettempdir() if root is None else root)
    except FileNotFoundError as error:
        raise AcutecastError(
            Problem("no temporary folder can be written to", "TMPDIR",
                    remedy="Set TMPDIR to a folder with room.")
        ) from error  # fmt: skip
    clear(place, PREFIX)
    try:
        folder, lock = owned(place, f"{PREFIX}{purpose}-")
    except OSError as error:
        problem = in_words(error, place)
        if problem is None:
            raise
        raise AcutecastError(problem) from error
    try:
        yield folder
    finally:
        release(folder, lock)


def owned(place: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder in a place; give the folder to fill and the lock of what is around it.

    Raises:
        OSError: where it cannot be made.
    """
    while True:
        around = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        try:
            lock = os.open(around / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except FileNotFoundError:  # who clears was quicker
            continue
        except OSError:
            shutil.rmtree(around, ignore_errors=True)
            raise
        _hold(lock, wait=True)
        try:
            (around / _WORK).mkdir(mode=0o700)
        except FileNotFoundError:  # who clears was quicker
            os.close(lock)
            continue
        except OSError:
            shutil.rmtree(around, ignore_errors=True)
            os.close(lock)
            raise
        return around / _WORK, lock


def release(folder: Path, lock: int) -> None:
    """Remove a folder that `owned` gave, with all around it."""
    shutil.rmtree(folder.parent, ignore_errors=True)
    os.close(lock)


def clear(place: Path, prefix: str, target: Path | None = None) -> None:
    """Remove the scratch folders in a place that no living process owns.

    Only real folders of this user with our lock file go; of those without one, empty old ones.

    Args:
        place: the folder they lie in.
        prefix: how their names begin.
        target: where a folder was to go that changed places; what was there goes back if the
            process died between the two steps.
    """
    if fcntl is None:
        return
    try:
        with os.scandir(place) as entries:
            found = [Path(entry.path) for entry in entries if _ours(entry, prefix)]
    except OSError:
        return
    for folder in found:
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            _remove_unused(folder)
            continue
        except OSError:
            continue
        try:
            if _hold(lock, wait=False):
                earlier = folder / EARLIER
                if target is not None and earlier.is_dir() and not os.path.lexists(target):
                    earlier.rename(target)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(lock)


def _ours(entry: os.DirEntry[str], prefix: str) -> bool:
    """Tell whether a real folder, no link, is of this user and of that name."""
    # Scratch beside "run.new" is none of "run": what is drawn for a name has no dot.
    if not entry.name.startswith(prefix) or "." in entry.name[len(prefix) :]:
        return False
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()


def _hold(lock: int, *, wait: bool) -> bool:
    """Take the lock of an open file until it is closed; tell whether it was had.

    A disk without locks gives none to anybody: nothing of it is then taken for dead.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_unused(folder: Path) -> None:
    """Remove an old folder whose process died before it had put anything in it."""
    try:
        if time.time() - folder.stat().st_mtime > _YOUNG:
            folder.rmdir()  # an empty one only
    except OSError:
        pass
