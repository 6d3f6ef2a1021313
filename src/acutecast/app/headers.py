"""What a browser may do with a page of the application: its headers, and the scripts it may run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from acutecast.workspace.doorway import SAFE_HEADERS

if TYPE_CHECKING:
    from acutecast.workspace import Settings

# Scripts that stand in the page itself and run; JSON in a script element does not.
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_headers(settings: Settings, example: str) -> Mapping[str, str]:
    """Give the headers of every answer.

    Nothing comes from elsewhere, and no text that somebody wrote runs as a script: of the scripts
    within a page only those of the frame around it do, which are the same on all pages and are
    known by their hashes. Charts set styles, so styles are free.

    Args:
        settings: say who may show the application in a frame.
        example: a page of no content, as it is sent.
    """
    hashes = {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in _INLINE.findall(example)
    }
    own = ["'self'"] if settings.identity == "connect" else []
    frames = " ".join([*own, *settings.frames]) or "'none'"
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *(f"'sha256-{text}'" for text in sorted(hashes))]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": frames,
    }
    said = "; ".join(f"{name} {value}" for name, value in policy.items())
    return {**SAFE_HEADERS, "Content-Security-Policy": said}
