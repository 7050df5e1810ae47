"""A headless Chromium for the tests that look at pages: the one that is installed, driven by Playwright. Without either they skip."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: no page can be looked at")  # fmt: skip
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: no page can be looked at")
    with api.sync_playwright() as playwright:
        # in a container the browser's own sandbox cannot be set up; the pages are ours
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Seen:
    """A page and what went on in it."""

    page: object
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def opened(browser, url: str, width: int = 1200, height: int = 900, **settings) -> Iterator[Seen]:
    """A page of its own, with every request, console message and script error it made."""
    context = browser.new_context(viewport={"width": width, "height": height}, **settings)
    page = context.new_page()
    page.set_default_timeout(20_000)
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    try:
        page.goto(url)
        yield seen
    finally:
        context.close()
