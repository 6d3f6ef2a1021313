"""What a page may tell the server: every input has one shape, and what has another is not heard.

A browser sends what the page's own scripts make. Whoever writes messages by hand may send anything,
and gets no further than this: a message that Shiny could not read closes the session, and a value
of the wrong kind is left out, each with one line in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_LOG = logging.getLogger(__name__)
_LONGEST = 100_000
"""Letters of a text, entries of a list. A page tells every row that it shows: some hundreds."""
_MOST_VALUES = 1000
"""Values of a message. A page has some dozens of fields, and Shiny tells some of each output."""
_LONGEST_CALL = 10_000
_DEEPEST = 8

Shape = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """Tell whether a value is a text that can be written and stored."""
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_simple(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or is_text(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _LONGEST and all(map(is_text, value))


def _form(**others: Shape) -> Shape:
    """Give the shape of a form: simple values by name, and some of another shape."""

    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and len(value) <= _LONGEST
            and all(is_text(k) and others.get(k, _is_simple)(part) for k, part in value.items())
        )

    return fits


def _is_file(value: Any) -> bool:
    """Tell whether a value is what the page's field for files sends; None for no file."""
    if value is None:
        return True
    if not isinstance(value, dict) or set(value) - {"name", "size", "content"}:
        return False
    size, content = value.get("size"), value.get("content")
    whole = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53
    return is_text(value.get("name")) and whole and (content is None or isinstance(content, str))


FORM = _form()
INPUTS: Mapping[str, Shape] = {
    # scenarios
    "search": is_text,
    "new_scenario": FORM,
    "upload_scenario": FORM,
    "rename_scenario": FORM,
    "differences": FORM,
    "upload_file": _is_file,
    **dict.fromkeys(
        (
            "copy_scenario", "share_scenario", "unshare_scenario", "delete_scenario",
            "restore_scenario", "download_scenario", "download_nhp",
        ),
        is_text,
    ),
    # assumptions
    "ac_rows": _is_list,
    "ac_edit": _form(row=is_text, parts=FORM, changed=is_text),
    "ac_theirs": is_text,
    "ac_bulk_ask": _form(keys=_is_list),
    "ac_bulk": _form(keys=_is_list),
    "ac_add": _form(parts=FORM),
    "ac_remove": is_text,
    "ac_hrgs": _form(hrgs=_is_list),
    "ac_undo": is_text,
    "ac_revert": is_text,
    # runs, results, comparison, reports
    "ask_run": FORM,
    "delete_run": FORM,
    "cancel_run": is_text,
    "filters": FORM,
    "view": is_text,
    "take": FORM,
    **dict.fromkeys(
        ("stop", "run_again", "run_capacity", "why_start", "why_stop", "why_other"), is_text
    ),
}  # fmt: skip
"""The shape of every input that a page's server reads."""
_OF_ADDRESS, _OF_OUTPUT = ".clientdata_url", ".clientdata_output_"
"""How the names begin of what Shiny tells of the page's address, and of the outputs on it."""


class Refused(Exception):
    """A message that no page of ours sends, and that Shiny cannot read."""


class Listening:
    """Hears of a page's messages what has the shape that it should."""

    def __init__(self, app: Any) -> None:
        """Take the application behind it, as ASGI has it."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request or a WebSocket."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        begun = False

        async def receive_checked() -> Any:
            nonlocal begun
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            try:
                text, begun = heard(message.get("text"), begun=begun)
            except Refused as error:
                _LOG.warning("a page's session is closed: %s", error)
                await send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            return {"type": "websocket.receive", "text": text}

        await self.app(scope, receive_checked, send)


def heard(text: Any, *, begun: bool) -> tuple[str, bool]:
    """Give what is heard of a message, and whether the session has begun after it.

    Args:
        text: the message.
        begun: whether the session has begun before.

    Raises:
        Refused: where it is none.
    """
    try:
        said = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise Refused("a message is not JSON") from None
    if not isinstance(said, dict) or not is_text(said.get("method")):
        raise Refused("a message has no method")
    method = said["method"]
    if method not in ("init", "update"):
        if not begun or not isinstance(said.get("args"), list) or not _is_simple(said.get("tag")):
            raise Refused("a message is none that Shiny knows")
        if "tag" not in said or len(text) > _LONGEST_CALL or _depth(said) > _DEEPEST:
            raise Refused("a message is none that Shiny knows")
        return text, begun
    data = said.get("data")
    if not isinstance(data, dict) or (method == "init") == begun:
        raise Refused("a message comes at the wrong time, or has no values")
    if len(data) > _MOST_VALUES:
        raise Refused(f"a message has {len(data):,} values")
    read = {name: value for name, value in data.items() if _is_read(name)}
    kept = {name: value for name, value in read.items() if _fits(name, value)}
    if method == "init" and ".clientdata_url_search" not in kept:
        raise Refused("a session does not say which page it is of")
    if len(kept) == len(data):
        return text, True
    if len(kept) < len(read):
        _LOG.warning("values of the wrong kind are left out: %s", _listed(set(read) - set(kept)))
    return json.dumps({**said, "data": kept}), True


def _is_read(name: str) -> bool:
    """Tell whether anybody asks for an input; Shiny sends all fields that it finds on a page.

    What nobody asks for is not stored: whoever made up names could fill the memory with them.
    """
    bare = name.partition(":")[0]
    hidden = bare.startswith(_OF_OUTPUT) and bare.endswith("_hidden")
    return bare in INPUTS or bare.startswith(_OF_ADDRESS) or hidden


def _fits(name: str, value: Any) -> bool:
    if name in INPUTS:
        return INPUTS[name](value)
    if ":" in name or not is_text(name):
        return False
    return isinstance(value, bool) if name.startswith(_OF_OUTPUT) else is_text(value)


def _depth(value: Any) -> int:
    """Give how deeply a value nests, as far as it matters."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        below: list[Any] = []
        for item in level:
            below += item.values() if isinstance(item, dict) else ()
            below += item if isinstance(item, list) else ()
        level, depth = below, depth + 1
    return depth


def _listed(names: Iterable[str]) -> str:
    return ", ".join(ascii(name[:60]) for name in sorted(names)[:10])
