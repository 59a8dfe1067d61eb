"""What people write on the web, as HTML bodies: articles, blog posts, encyclopedia entries, instructions, threads, offers.

Every function gives the blocks of a page's main part, whose text FineWeb's rules keep: prose enough, in whole sentences.
`jobs.synthetic.thin` has the pages that the rules drop.
"""

from collections.abc import Callable
from html import escape

from jobs.synthetic.text import Writer

Blocks = list[str]


def block(tag: str, text: str, attributes: str = "") -> str:
    """An element with escaped text."""
    return f"<{tag}{attributes}>{escape(text, quote=False)}</{tag}>"


def listing(tag: str, items: list[str]) -> str:
    """A `ul` or `ol` of escaped items."""
    return f"<{tag}>\n" + "\n".join(block("li", item) for item in items) + f"\n</{tag}>"


def table(rows: list[tuple[str, ...]]) -> str:
    """A table of escaped cells."""
    lines = ("".join(block("td", cell) for cell in row) for row in rows)
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"


def prose(writer: Writer, sentences: int) -> Blocks:
    """Paragraphs and nothing else."""
    return [block("p", text) for text in writer.paragraphs(sentences)]


def article(writer: Writer) -> Blocks:
    """A newspaper piece: paragraphs under headings."""
    blocks = prose(writer, writer.rng.randint(5, 9))
    for _ in range(writer.rng.randint(1, 3)):
        blocks += [block("h2", writer.heading()), *prose(writer, writer.rng.randint(5, 10))]
    return blocks


def blog_post(writer: Writer) -> Blocks:
    """A post with a picture and a quotation."""
    picture = f'<figure><img src="/img/{writer.rng.randrange(1000)}.jpg" alt=""></figure>'
    quotation = f"<blockquote>{block('p', writer.paragraph(2))}</blockquote>"
    return [
        *prose(writer, writer.rng.randint(4, 8)),
        picture,
        *prose(writer, writer.rng.randint(4, 8)),
        quotation,
        *prose(writer, writer.rng.randint(3, 10)),
    ]


def entry(writer: Writer) -> Blocks:
    """An encyclopedia entry: short sections with numbered notes, which C4's rules take out of the text."""
    blocks: Blocks = []
    for number in range(writer.rng.randint(3, 5)):
        if number:
            blocks.append(block("h2", writer.heading()))
        noted = f"{writer.sentence()} [{number + 1}] {writer.paragraph(3)}"
        blocks += [block("p", noted), *prose(writer, writer.rng.randint(2, 5))]
    return blocks


def instructions(writer: Writer) -> Blocks:
    """A recipe or a repair: what is needed, then steps that are sentences."""
    needed = [writer.line("{number} {things}") for _ in range(writer.rng.randint(4, 7))]
    steps = [
        writer.line(template)
        for template in (
            "First {do} the {thing}, since {fact}.",
            "Then {do} the {things}, one after the other, and wait a little.",
            "After that, {do} {number} of the {things}.",
            "If the {thing} is still {adj}, {do} it once more.",
            "Ask {who} before you {do} the {thing} {place}.",
            "At last {do} everything that is {adj}, and you are done.",
        )
    ]
    return [
        *prose(writer, writer.rng.randint(5, 8)),
        listing("ul", needed),
        listing("ol", steps),
        *prose(writer, writer.rng.randint(8, 14)),
    ]


def thread(writer: Writer) -> Blocks:
    """A forum: a question and its answers, each by somebody else."""
    posts: Blocks = []
    for number in range(writer.rng.randint(4, 7)):
        author = writer.phrase("{first} {last}")
        text = "\n".join(prose(writer, writer.rng.randint(3, 6)))
        posts.append(f'<div class="post" id="p{number}">{block("h3", author)}\n{text}</div>')
    return posts


def offer(writer: Writer) -> Blocks:
    """A shop's page that says something about the thing it sells."""
    details = [
        ("Weight", f"{writer.rng.randint(2, 90)} kg"),
        ("Made in", writer.phrase("{town}")),
        ("Condition", writer.phrase("{adj}")),
    ]
    return [
        *prose(writer, writer.rng.randint(10, 14)),
        table(details),
        *prose(writer, writer.rng.randint(5, 9)),
    ]


def foreign(writer: Writer) -> Blocks:
    """An article in another language."""
    return [
        *prose(writer, writer.rng.randint(5, 9)),
        block("h2", writer.heading()),
        *prose(writer, writer.rng.randint(5, 9)),
    ]


KINDS: dict[str, Callable[[Writer], Blocks]] = {
    "articles": article,
    "blog": blog_post,
    "encyclopedia": entry,
    "guides": instructions,
    "forum": thread,
    "shop": offer,
}
