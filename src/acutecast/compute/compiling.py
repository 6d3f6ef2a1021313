"""Compiles kernels, and keeps what was compiled until any of their sources changes.

Numba's own cache looks only at the file of the function that is called: a kernel would keep machine
code of a function from another file after that one changed, and give old numbers. Here the folder
of the cache is named after the content of every source in the rooms that have kernels.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba.core.config
from numba import njit

# Its settings are made when it is imported, so a type checker knows none of them.
config: Any = numba.core.config

_ROOMS = ("compute", "population", "demand", "capacity")


@cache
def cache_folder() -> Path:
    """Give the folder of compiled code: beside the sources, or the user's cache if read-only."""
    package = Path(__file__).parents[1]
    sources = [path for room in _ROOMS for path in sorted((package / room).glob("*.py"))]
    content = b"".join(path.read_bytes() for path in sources)
    name = hashlib.sha256(content).hexdigest()[:16]
    user = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "acutecast"
    for root in (package / "compute" / "__pycache__" / "kernels", user):
        try:
            (root / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(root / name, os.W_OK):
            for other in root.iterdir():
                if other.name != name:
                    shutil.rmtree(other, ignore_errors=True)
            return root / name
    return Path(tempfile.mkdtemp(prefix="acutecast-kernels-"))


@contextmanager
def _own_folder() -> Iterator[None]:
    """Let Numba use our folder for what is decorated in the block; a user's own choice stands."""
    before = config.CACHE_DIR
    if not os.environ.get("NUMBA_CACHE_DIR"):
        config.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        config.CACHE_DIR = before


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile a function on first use, free of the interpreter lock, and keep it on disk.

    Use as `@kernel` or `@kernel(forceinline=True)`. With `NUMBA_DISABLE_JIT=1` the function stays
    as it is written.
    """
    if function is None:
        return lambda inner: kernel(inner, **options)
    with _own_folder():
        return njit(cache=True, nogil=True, **options)(function)


def is_compiled(function: Any) -> bool:
    """Tell whether a kernel need not be compiled: it was in this process, or is kept on disk."""
    if not hasattr(function, "overloads"):  # NUMBA_DISABLE_JIT=1
        return True
    if function.overloads:
        return True
    folder = function.stats.cache_path
    return folder is not None and any(Path(folder).glob(f"*.{function.py_func.__qualname__}-*.nbi"))
