"""Files of settings that may change while a server runs: read again only when they did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from acutecast.errors import AcutecastError, Problem

T = TypeVar("T")


def watched(what: str, parse: Callable[[str, str], T]) -> Callable[[Path], T]:
    """Make the function that reads a file, or gives what was read of it while it is the same.

    Args:
        what: what the file is called in messages ("file of roles").
        parse: reads its text; the second argument is the path for messages.

    Returns:
        A function of a path, safe to call from several threads. It raises an AcutecastError where
        the file cannot be read, and what `parse` raises.
    """
    kept: dict[Path, tuple[tuple[int, int, int], T]] = {}
    lock = threading.Lock()

    def read(path: Path) -> T:
        try:
            about = path.stat()
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            with lock:
                if path in kept and kept[path][0] == stamp:
                    return kept[path][1]
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise AcutecastError(
                Problem(
                    f"the {what} cannot be read ({error})",
                    str(path),
                    remedy="Check that it is there, and saved as UTF-8.",
                )
            ) from error
        found = parse(text, str(path))
        with lock:
            kept[path] = (stamp, found)
        return found

    return read
