"""Runs what is asynchronous."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def in_own_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Run something to its end in a thread of its own, and give what it gives.

    Once a test has a browser open, the thread of the tests has a loop already, until all are done.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
