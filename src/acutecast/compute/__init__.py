"""Where runs execute: threads of this process; the same numbers whatever the number."""

from acutecast.compute.threads import (
    FIRST_COMPILATION,
    FIRST_COMPILATION_WORDS,
    Event,
    Watch,
    left_behind,
    processors,
    run_blocks,
    timed,
    unless_stopped,
)

__all__ = [
    "FIRST_COMPILATION",
    "FIRST_COMPILATION_WORDS",
    "Event",
    "Watch",
    "left_behind",
    "processors",
    "run_blocks",
    "timed",
    "unless_stopped",
]
