"""Acutecast plans acute hospitals: activity over 20 years by simulation, and the capacity it needs.

Names load where they are first used, so that `import acutecast` is quick. They are listed once, in
`acutecast.api`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# A type checker sees names alone: a `__getattr__` would let it take any word for one.
if TYPE_CHECKING:
    from acutecast.api import *  # noqa: F403
    from acutecast.errors import AcutecastError as AcutecastError
    from acutecast.errors import Problem as Problem
else:
    # Not by an import statement: this package is below every room, and `api` above most.
    _HOMES = {
        **dict.fromkeys(import_module("acutecast.api").__all__, "acutecast.api"),
        "AcutecastError": "acutecast.errors",
        "Problem": "acutecast.errors",
    }

    __all__ = sorted(["__version__", *_HOMES])

    def __getattr__(name: str) -> object:
        """Load a public name from its room."""
        if name not in _HOMES:
            raise AttributeError(_unknown(name))
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        """List the public names, and the rooms that are loaded."""
        return sorted({*globals(), *_HOMES})

    def _unknown(name: str) -> str:
        from difflib import get_close_matches

        near = [] if name.startswith("_") else get_close_matches(name, __all__, 1)
        meant = f". Did you mean {near[0]!r}?" if near else ""
        return f"module 'acutecast' has no attribute {name!r}{meant}"
