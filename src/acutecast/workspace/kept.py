"""Things that took long to make, kept for the next who asks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The last few things of a kind; threads may use it at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """Give a thing, made now where it is not kept; an error is not kept."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
                return self._things[name]
        made = make()
        with self._lock:
            # Of two made at the same time all use the first, which may hold tables already.
            made = self._things.setdefault(name, made)
            self._things.move_to_end(name)
            while len(self._things) > self._most:
                self._things.popitem(last=False)
        return made
