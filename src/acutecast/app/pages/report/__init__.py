"""What can be taken away of a run: workbook, documents, files for other programs."""

from __future__ import annotations

from acutecast.app.pages.report.answering import server
from acutecast.app.pages.report.layout import content
from acutecast.app.visit import Page

PAGE = Page("report", "Reports", content, server)
