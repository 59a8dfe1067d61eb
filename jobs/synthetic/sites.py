"""The sites around the demo's pages: hosts under reserved domains, and four templates with all that extraction removes.

No address leads anywhere: RFC 2606 reserves `.example`, `.test`, `example.com`, `example.net` and `example.org`.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from jobs.synthetic.kinds import Blocks, block
from jobs.synthetic.text import Writer

_DOMAINS = ("example.com", "example.net", "example.org", "example", "test")
_SITES = (
    "green-corner|the-old-quay|spoke-and-chain|crumb-letter|night-sky-club|paper-trail|ridge-notes|silver-grain|hive-diary|"
    "branch-line|village-voice|slow-hands|north-gate|field-book|harbour-news|second-shelf|lamp-post|winter-works|open-shed|"
    "long-table|small-print|blue-door|stone-mill|the-weekly-kettle|orchard-lane|brass-key|river-bend|cellar-window"
)
_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page before it is encoded: `blocks` is its main part, `charset` what its meta element declares (None: nothing)."""

    title: str
    blocks: Blocks
    language: str
    site: str
    menu: tuple[str, ...]
    banner: str
    related: tuple[str, ...]
    template: int
    charset: str | None = "utf-8"

    def html(self) -> str:
        """The whole document."""
        return _TEMPLATES[self.template % len(_TEMPLATES)](self)


def page(writer: Writer, blocks: Blocks, title: str | None = None) -> Page:
    """A page of `blocks` on a site that the writer's dice choose."""
    return Page(
        title=title or writer.heading(),
        blocks=blocks,
        language=writer.language,
        site=host(writer),
        menu=tuple(writer.line("{menu}") for _ in range(4)),
        banner=writer.phrase("{banner}"),
        related=tuple(writer.heading() for _ in range(3)),
        template=writer.rng.randrange(len(_TEMPLATES)),
    )


def host(writer: Writer) -> str:
    """A host name under a reserved domain, with the language in front where it is not English."""
    site = f"{writer.rng.choice(_SITES.split('|'))}.{writer.rng.choice(_DOMAINS)}"
    return f"{'www' if writer.language == 'en' else writer.language}.{site}"


def slug(title: str) -> str:
    """The title as the last part of an address; what no Latin letter stands for is left out."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return _NOT_IN_A_SLUG.sub("-", plain).strip("-")[:48].strip("-")


def _head(page: Page) -> str:
    meta = f'<meta charset="{page.charset}">\n' if page.charset else ""
    return (
        f"{meta}<title>{escape(page.title)} | {page.site}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="stylesheet" href="/style.css">\n'
        '<script>var visits = []; function seen(id) { visits.push({page: id, at: 0}); } seen("front");</script>'
    )


def _menu(page: Page) -> str:
    return "".join(f'<li><a href="/{number}/">{escape(name)}</a></li>' for number, name in enumerate(page.menu))


def _related(page: Page) -> str:
    return "".join(f'<li><a href="/{slug(title) or "a"}.html">{escape(title)}</a></li>' for title in page.related)


def _classic(page: Page) -> str:
    return f"""<!DOCTYPE html>
<html lang="{page.language}">
<head>
{_head(page)}
</head>
<body>
<header><a href="/">{page.site}</a><nav><ul>{_menu(page)}</ul></nav></header>
<main>
<article>
{block("h1", page.title)}
{chr(10).join(page.blocks)}
</article>
</main>
<aside><ul>{_related(page)}</ul></aside>
<footer><p>&copy; 2026 {page.site}</p></footer>
<div class="cookie-banner" role="dialog">{block("p", page.banner)}<button>OK</button></div>
</body>
</html>
"""


def _newspaper(page: Page) -> str:
    data = '{"@context": "https://schema.org", "@type": "NewsArticle", "isAccessibleForFree": true}'
    return f"""<!DOCTYPE html>
<html lang="{page.language}">
<head>
{_head(page)}
<script type="application/ld+json">{data}</script>
</head>
<body class="story">
<div id="consent" class="cookie-consent">{block("p", page.banner)}</div>
<div id="masthead"><div class="logo">{page.site}</div><nav class="main-nav"><ul>{_menu(page)}</ul></nav></div>
<div id="content">
{block("h1", page.title, ' class="headline"')}
<div class="article-body">
{chr(10).join(page.blocks)}
</div>
<div class="share-buttons"><a href="#">Mail</a> <a href="#">Print</a></div>
</div>
<div class="related-stories"><ul>{_related(page)}</ul></div>
<footer class="site-footer"><ul>{_menu(page)}</ul></footer>
</body>
</html>
"""


def _weblog(page: Page) -> str:
    return f"""<!DOCTYPE html>
<html lang="{page.language}">
<head>
{_head(page)}
</head>
<body>
<nav class="navbar"><ul>{_menu(page)}</ul></nav>
<div class="container">
<article class="post">
<header class="entry-header">{block("h1", page.title, ' class="entry-title"')}</header>
<div class="entry-content">
{chr(10).join(page.blocks)}
</div>
</article>
<div class="sidebar widget"><ul>{_related(page)}</ul></div>
</div>
<div class="footer" id="footer">{block("p", page.banner)}<p>{page.site}</p></div>
<script>document.body.addEventListener("click", function () {{ seen("click"); }});</script>
</body>
</html>
"""


def _old_table(page: Page) -> str:
    return f"""<HTML LANG="{page.language}">
<HEAD>
{_head(page)}
</HEAD>
<BODY BGCOLOR="#ffffff">
<TABLE ROLE="presentation" WIDTH="760"><TR><TD CLASS="menu" WIDTH="140"><UL>{_menu(page)}</UL></TD>
<TD>
<DIV ID="main-content">
{block("h1", page.title)}
{chr(10).join(page.blocks)}
</DIV>
</TD></TR></TABLE>
<DIV CLASS="footer"><UL>{_related(page)}</UL></DIV>
</BODY>
</HTML>
"""


_TEMPLATES: tuple[Callable[[Page], str], ...] = (_classic, _newspaper, _weblog, _old_table)
