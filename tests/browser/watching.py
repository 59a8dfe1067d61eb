"""A headless Chromium that opens a local page and notes everything that the page does beyond being read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",  # containers of tests have no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """What a page did: console messages, errors, dialogs, downloads, and requests other than for the page itself.

    `refused` says why a request was not made after all.
    """

    page: Any
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def quiet(self) -> bool:
        return not (self.console or self.requests or self.other)

    def count(self, selector: str) -> int:
        return self.page.evaluate("selector => document.querySelectorAll(selector).length", selector)


@contextmanager
def watched(browser: Any, file: Path, **options: Any) -> Iterator[Watched]:
    """The page at `file`, opened with every <details> open and scrolled to its end."""
    context = browser.new_context(**options)
    seen = Watched(context.new_page())
    address = file.resolve().as_uri()
    seen.page.on("console", lambda message: seen.console.append(message.text))
    seen.page.on("pageerror", lambda error: seen.console.append(str(error)))
    seen.page.on("request", lambda request: None if request.url == address else seen.requests.append(request.url))
    seen.page.on("requestfailed", lambda request: seen.refused.update({request.url: request.failure}))
    seen.page.on("download", lambda download: seen.other.append(f"download {download.url}"))
    seen.page.on("popup", lambda popup: seen.other.append(f"popup {popup.url}"))

    def dismiss(dialog: Any) -> None:
        seen.other.append(f"dialog {dialog.message}")
        dialog.dismiss()

    seen.page.on("dialog", dismiss)
    try:
        seen.page.goto(address)
        seen.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        seen.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        seen.page.wait_for_timeout(300)
        yield seen
    finally:
        context.close()
