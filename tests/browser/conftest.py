"""A run over a crawl whose pages, addresses and file names try to act, its report, and a browser to open it in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from watching import ARGUMENTS, CHROMIUM

from jobs.running import prepare, run
from jobs.synthetic.archive import Capture, archive_bytes
from jobs.synthetic.crawl import ordinary_page
from jobs.synthetic.text import Writer, dice

ATTACKS = (
    "<script>window.acted=1;document.title='taken'</script>",
    "<img src=x onerror=\"window.acted=2;fetch('https://collector.example.net/')\">",
    "</style></title></textarea></svg><script>window.acted=3</script><style>",
    '"><iframe src="https://collector.example.net/frame"></iframe>',
    "javascript:window.acted=4",
    "<svg onload=window.acted=5><a xlink:href='javascript:window.acted=6'>x</a></svg>",
    "<a href='javascript:window.acted=7' ping='https://collector.example.net/'>click</a><base href='https://collector.example.net/'>",
    "<meta http-equiv=refresh content='0;url=https://collector.example.net/'>",
    "<style>@import 'https://collector.example.net/x.css';*{display:none}</style><link rel=stylesheet href='//x.example/y'>",
    "&lt;script&gt;window.acted=8&lt;/script&gt; &#60;script>window.acted=9</script>",
    "\u202eright to left\u2066 isolated \u0007bell \u2028 line \ufeff mark ]]> --> <!-- {{7*7}} ${7*7}",
)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def hostile_page(number: int, attack: str) -> Capture:
    """Prose long enough to be kept in which the attack stands as text, in the title, in a repeated line and in the address."""
    writer = Writer(dice(11, number))
    prose = "".join(f"<p>{escaped(writer.paragraph(5))} {escaped(attack)}.</p>" for _ in range(8))
    again = f"<p>{escaped(attack)} comes back again and again.</p>" * (5 if number % 2 else 0)
    head = f"<head><title>{escaped(attack)}</title></head>"
    body = f"<html>{head}<body><article><h1>{escaped(attack)}</h1>{prose}{again}</article></body></html>"
    address = attack.encode("ascii", "ignore").decode().replace("\u0007", "").replace(" ", "%20")
    return Capture(url=f"https://hostile{number}.example.org/{address}?q={address}", body=body.encode())


def awkward_pages() -> list[Capture]:
    """Lines of a megabyte, NUL, a type, a charset and a banned address that try to act."""
    attack = ATTACKS[1]
    prose = "".join(f"<p>{escaped(Writer(dice(12, n)).paragraph(5))}</p>" for n in range(8)).encode()
    page = hostile_page(98, "plain")
    return [
        Capture(
            url="https://long.example.org/one-line",
            body=b"<html><body><article><p>" + b"<{" * 500_000 + b"</p></article></body></html>",
        ),
        Capture(
            url="https://long.example.org/words", body=b"<html><body><p>" + b"word " * 200_000 + b"</p></body></html>"
        ),
        Capture(
            url="https://nul.example.org/",
            body=b"<html><body><article>" + prose.replace(b" ", b" \0", 5) + b"</article></body></html>",
        ),
        replace(page, url="https://type.example.org/", mime=attack),
        replace(page, url="https://charset.example.org/", content_type=f"text/html; charset={attack}"),
        replace(page, url=f"https://banned.example.org/{attack}/porn-pics/porn".replace(" ", "%20")),
        replace(page, url="javascript:window.acted=10"),
        replace(page, url="https://copy.example.org/a"),
    ]


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ROOT of a run over it."""
    folder = tmp_path_factory.mktemp("hostile")
    captures = [hostile_page(number, attack) for number, attack in enumerate(ATTACKS)] + awkward_pages()
    captures += [ordinary_page(5, number) for number in range(12)]
    (folder / "crawl").mkdir()
    name = "\"><script>window.acted=11<script>'.warc.gz"
    (folder / "crawl" / name).write_bytes(b"".join(archive_bytes(captures, seed=5, archive=0, first_page=0)))
    run(prepare("fineweb", [str(folder / "crawl")], str(folder / "out"), source="hostile"), local=True)
    return folder / "out"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install -y chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()
