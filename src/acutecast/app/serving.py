"""Listening on an address, and opening the browser once somebody answers there."""

from __future__ import annotations

import socket
import threading
import urllib.request
import webbrowser

from acutecast.errors import AcutecastError, Problem


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises:
        AcutecastError: where it is taken or not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where the protocol is named does asyncio send small answers at once; else each of them
    # waits 40 ms for the client to acknowledge its first part.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        # Whoever comes before the application is ready waits, and is not turned away.
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise AcutecastError(
            Problem(
                "this address cannot be listened on",
                where=f"{host}:{port}",
                example=error.strerror or str(error),
                remedy="Name another with --port; --port 0 takes any free one.",
            )
        ) from error
    return sock


def when_up(address: str, tries: int = 100) -> None:
    """Open the browser once the application answers; gives up in silence."""

    def wait() -> None:
        pause = threading.Event()
        for _ in range(tries):
            try:
                with urllib.request.urlopen(f"{address}health", timeout=1) as answer:
                    if answer.status == 200:
                        webbrowser.open(address)
                        return
            except OSError:
                pause.wait(0.1)

    threading.Thread(target=wait, daemon=True).start()
