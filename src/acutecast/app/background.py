"""Work that goes on beside a page: how far it is, and whether it is still wanted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from acutecast.errors import Cancelled

if TYPE_CHECKING:
    from acutecast.compute import Event


class Progress:
    """How far one piece of work is. A thread works and tells; the page reads and may stop it.

    Attributes:
        stage: what is under way, in words; "" before anything was told.
        done, of: how much of it is done; 0 of 0 where nobody knows.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.done = 0
        self.of = 0
        self._stop = threading.Event()

    def watch(self, event: Event) -> None:
        """Take note of progress.

        Raises:
            Cancelled: where the work was stopped.
        """
        if self._stop.is_set():
            raise Cancelled("stopped by the user")
        self.stage, self.done, self.of = event.stage, event.done, event.of

    def stop(self) -> None:
        """Ask the work to stop."""
        self._stop.set()

    def stopping(self) -> bool:
        """Tell whether the work was asked to stop."""
        return self._stop.is_set()
