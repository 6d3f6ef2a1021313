"""What the application is, what its words mean, who can see what, and its versions."""

from __future__ import annotations

from acutecast.app.pages.about.content import content
from acutecast.app.visit import Page

PAGE = Page("about", "About Acutecast", content, lambda *_: None)
