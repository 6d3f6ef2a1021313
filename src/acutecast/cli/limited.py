"""Commands under a limit of memory: a message at their end, however they end.

Where memory may not be had (`ulimit -v`, some clusters), compiled libraries end the whole process
at once (LLVM, Rust, V8) or fail in ways of their own. So under a limit the command runs in a child,
and its parent says what a dead child cannot.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

from acutecast.errors import Problem
from acutecast.system_errors import NO_MEMORY

LOW = 4 << 30
"""Bytes of address space below which failures of any kind are put down to the limit.

Assumption: four times what small runs take.
"""
_ENDS = {signal.SIGABRT, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGTRAP} if hasattr(
    os, "fork") else set()  # fmt: skip


_NO_THREAD_DATA = 127
"""How the C library ends a process that gets no memory for the data of a thread."""


def address_space() -> int | None:
    """Give the bytes of address space that this process may take; None without a limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def short_of_memory(error: BaseException | None = None) -> Problem | None:
    """Say that the limit is too low; None where there is none, or it is not low.

    Args:
        error: what failed in an unexpected way.
    """
    limit = address_space()
    if limit is None or (error is not None and limit >= LOW):
        return None
    return Problem(
        f"{NO_MEMORY.what}: the limit of address space is {limit / 2**30:.1f} GB",
        "ulimit -v",
        example="" if error is None else f"{type(error).__name__}: {error}".splitlines()[0],
        remedy="Lift the limit (drawing reserves far more than it uses), or use fewer threads "
        "(--threads) or runs.",
    )


def end_of_child() -> int | None:
    """Go on in a child, and wait for it; in the child, give None.

    Returns:
        In the parent the child's exit code; minus the number of the signal that ended it.
    """
    child = os.fork()
    if child == 0:
        return None

    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    # Ctrl-C reaches the child by itself, which then says what became of its work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, pass_on)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def died_of_memory(code: int) -> bool:
    """Tell whether a child's end is that of a library which got no memory."""
    return -code in _ENDS or code == _NO_THREAD_DATA
