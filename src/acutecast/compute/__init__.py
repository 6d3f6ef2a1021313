"""Where runs execute: threads of this process; the same numbers whatever the number."""

from acutecast.compute.threads import Event, Watch, processors, run_blocks, timed

__all__ = ["Event", "Watch", "processors", "run_blocks", "timed"]
