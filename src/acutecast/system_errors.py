"""What the operating system refuses, in words: no space, no right, no memory."""

from __future__ import annotations

import errno
import os

from acutecast.errors import Problem

_ELSEWHERE = "name a place on another disk"
# What is said and what to do, by the number of the error.
_WORDS = {
    errno.ENOSPC: ("no space is left on the disk", f"Make room there, or {_ELSEWHERE}."),
    errno.EDQUOT: ("the share of the disk is used up", f"Make room there, or {_ELSEWHERE}."),
    errno.EFBIG: ("the file is larger than the disk or a limit allows", f"Or {_ELSEWHERE}."),
    errno.EROFS: ("the disk can be read and not written", f"Mount it to write, or {_ELSEWHERE}."),
    errno.EACCES: ("there is no permission", "Ask for it, or name another place."),
    errno.EPERM: ("there is no permission", "Ask for it, or name another place."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Name a path below a folder."),
    errno.EISDIR: ("is a folder, not a file", "Name a file."),
    errno.EEXIST: ("is there already", "Name another place."),
    errno.ENOTEMPTY: ("the folder has other files in it", "Name a new folder."),
    errno.ENAMETOOLONG: ("the name or path is too long", "Use shorter names."),
    errno.ENOENT: ("there is no such file or folder", "Check the path."),
    errno.ELOOP: ("its links go round in a circle", "Check the path."),
    errno.EBUSY: ("is in use, or a disk's own folder", "Name a folder in it, or another."),
    errno.EINVAL: ("is no name that the disk can hold", "Use letters, digits, - and _."),
    errno.EIO: ("the disk fails", f"Check it, or {_ELSEWHERE}."),
    errno.EMFILE: ("too many files are open", "Raise the limit (ulimit -n), or use fewer threads."),
    errno.ENFILE: ("too many files are open", "Close other programs, or use fewer threads."),
}
NO_MEMORY = Problem(
    "there is not enough memory",
    remedy="Close other programs, raise the limit (ulimit -v, the container's), or use fewer "
    "threads or runs.",
)
# How libraries say what has no number of its own there.
_SAID = (
    ("no space left on device", errno.ENOSPC),
    ("disk quota exceeded", errno.EDQUOT),
    ("read-only file system", errno.EROFS),
    ("permission denied", errno.EACCES),
    ("not a directory", errno.ENOTDIR),
    ("file name too long", errno.ENAMETOOLONG),
    ("too many open files", errno.EMFILE),
    ("database or disk is full", errno.ENOSPC),
    ("attempt to write a readonly database", errno.EROFS),
)
_WORDS_OF_MEMORY = (
    "cannot allocate memory", "can't start new thread", "failed to map segment",
    "memory allocation", "out of memory", "unable to allocate", "resource temporarily unavailable",
    "malloc of size",
)  # fmt: skip
# Classes of databases and data libraries; their other errors are none of the system's.
_CLASSES = {
    "IOException", "OutOfMemoryException", "ComputeError", "OperationalError", "PanicException",
    "ArrowMemoryError", "ImportError", "RuntimeError", "SystemError", "FatalException",
    "InternalException",
}  # fmt: skip


def no_room() -> str:
    """Give what is said of a disk that is full."""
    return _WORDS[errno.ENOSPC][0]


def in_words(error: BaseException, path: str | os.PathLike[str] | None = None) -> Problem | None:
    """Say what the operating system refused; None where an error is nothing of the kind.

    Args:
        error: any exception, also of a library that wraps the system's.
        path: what was written or read; the error's own file where None.
    """
    if isinstance(error, MemoryError):
        return NO_MEMORY
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOMEM:
        return NO_MEMORY
    if number is None or number not in _WORDS:
        if not isinstance(error, OSError) and type(error).__name__ not in _CLASSES:
            return None
        text = str(error).casefold()
        if any(words in text for words in _WORDS_OF_MEMORY):
            return NO_MEMORY
        number = next((n for words, n in _SAID if words in text), number)
        if not isinstance(error, OSError) and number is None:
            return None
    named = path if path is not None else getattr(error, "filename", None) or ""
    if isinstance(named, bytes):
        named = os.fsdecode(named)
    lines = str(error).strip().splitlines()
    said = getattr(error, "strerror", None) or (lines[0] if lines else type(error).__name__)
    what, remedy = _WORDS.get(number or 0, (str(said).rstrip(". "), "Check the path and the disk."))
    return Problem(what, str(named), remedy=remedy)
