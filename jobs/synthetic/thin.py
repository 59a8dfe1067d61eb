"""Pages that are no text to learn from: menus, timetables, link lists, teasers, guest books, stuffed keywords.

`THIN` names for each kind the reason that FineWeb's rules have for dropping it: each of their four groups drops some.
"""

from collections.abc import Callable
from html import escape

from jobs.synthetic.kinds import Blocks, block, listing, prose, table
from jobs.synthetic.text import Writer


def notice(writer: Writer) -> Blocks:
    """Too few words to judge."""
    return [block("p", writer.paragraph(2))]


def keywords(writer: Writer) -> Blocks:
    """Spam: a few phrases over and over, so that search engines find them."""
    phrase = writer.phrase("{thing}")
    stuffed = [f"cheap {phrase}", f"buy {phrase} online", f"best {phrase} deals", f"{phrase} reviews"]
    lines = [
        ", ".join(writer.rng.choice(stuffed) for _ in range(9)) + f" and the {phrase} that you have to see."
        for _ in range(8)
    ]
    return [block("p", line.capitalize()) for line in lines]


def guest_book(writer: Writer) -> Blocks:
    """The same few lines again and again."""
    greetings = [
        "Thank you all for the lovely day.",
        "What a beautiful page, greetings to everybody.",
        "See you again next year!",
    ]
    names = [writer.phrase("{first} {last} of {town} was here.") for _ in range(5)]
    lines = [*names, *(writer.rng.choice(greetings) for _ in range(16)), *(writer.sentence() for _ in range(3))]
    writer.rng.shuffle(lines)
    return [block("p", line) for line in lines]


def form_letters(writer: Writer) -> Blocks:
    """One sentence with other names in it, twenty times: long runs of words are repeated."""
    template = (
        "If you want to know more about {things} in {town}, please write to {first} {last} before the end of the month."
    )
    return [block("p", writer.line(template)) for _ in range(18)]


def teasers(writer: Writer) -> Blocks:
    """A front page: beginnings of stories, each cut off with an ellipsis."""
    return [block("p", " ".join(writer.sentence().split()[: writer.rng.randint(9, 14)]) + " ...") for _ in range(14)]


def bullets(writer: Writer) -> Blocks:
    """Nothing but a list."""
    return [listing("ul", [writer.sentence().rstrip(".") for _ in range(writer.rng.randint(20, 26))])]


def timetable(writer: Writer) -> Blocks:
    """Numbers in a table: hardly a word in it."""
    hours = range(5, 23)
    rows = [(writer.phrase("{town}"), *(f"{hour}:{writer.rng.randrange(60):02}" for hour in hours)) for _ in range(12)]
    introduction = "These are the trains to and from the coast that stop here, with the time at which they leave."
    return [block("p", introduction), block("p", writer.sentence()), table(rows)]


def hashtags(writer: Writer) -> Blocks:
    """Captions with more hash signs than sense."""
    return [
        block(
            "p", writer.sentence() + " " + " ".join("#" + writer.phrase("{things}").replace(" ", "") for _ in range(9))
        )
        for _ in range(8)
    ]


def register(writer: Writer) -> Blocks:
    """Members of a club, without two of the small words that a text has."""
    templates = (
        "{first} {last} from {town} is a {kind} new member.",
        "Our {kind} friend {first} {last} is leaving {town} for good.",
        "In {town} {first} {last} is known as a {kind} neighbour.",
        "As {kind} as ever, {first} {last} moved house from {town} again.",
    )
    return [block("p", writer.line(templates[place % 4])) for place in range(writer.rng.randint(12, 18))]


def price_list(writer: Writer) -> Blocks:
    """Short lines, none of which ends like a sentence; an introduction keeps it from failing earlier."""
    items = [
        f"{writer.line('{adj} {thing}')} {writer.rng.randint(2, 60)}.{writer.rng.randrange(100):02}" for _ in range(30)
    ]
    return [*prose(writer, 6), *(block("p", item) for item in items)]


def poem(writer: Writer) -> Blocks:
    """Short lines that do end like sentences."""
    templates = (
        "{kind} {things},",
        "a {adj} {thing}?",
        "{things} of {town}.",
        "no {last} without a {last}",
        "oh {first} {last}!",
    )
    verses = [writer.line(templates[place % 5]) for place in range(30)]
    return [*prose(writer, 3), *(block("p", verse) for verse in verses)]


def refrains(writer: Writer) -> Blocks:
    """A good text in which a paragraph stands twice, as when a template prints a box at the top and at the bottom."""
    box = block("p", writer.line("{who} answers questions about {field} every day."))
    return [box, *prose(writer, 14), box, *prose(writer, 6), box]


def code_lesson(writer: Writer) -> Blocks:
    """A lesson about programming: C4's rules drop a page with a curly bracket."""
    code = "function count(things) {\n  return things.length;\n}"
    return [*prose(writer, 9), f"<pre><code>{escape(code)}</code></pre>", *prose(writer, 6)]


def filler(writer: Writer) -> Blocks:
    """A page that was never finished: the classic filler text stands where the rest should be."""
    return [
        *prose(writer, 8),
        block("p", "Lorem ipsum dolor sit amet, and the rest of this page follows soon."),
        *prose(writer, 4),
    ]


def script_notice(writer: Writer) -> Blocks:
    """A page that wants JavaScript: without the lines that say so, too few sentences are left."""
    lines = [
        f"Please enable JavaScript in your browser to see the {writer.phrase('{thing}')} and all of its pictures.",
        f"The map of {writer.phrase('{town}')} needs JavaScript to be drawn, and so does the list of events below it.",
        "This site uses cookies to remember what you have chosen, as our privacy policy explains at length.",
        writer.sentence(),
        writer.sentence(),
    ]
    return [block("p", line) for line in lines]


def link_list(writer: Writer) -> Blocks:
    """Links to elsewhere, of which extraction leaves next to nothing."""
    links = (f'<li><a href="/{number}.html">{escape(writer.heading())}</a></li>' for number in range(30))
    return ["<ul>\n" + "\n".join(links) + "\n</ul>"]


THIN: dict[str, tuple[Callable[[Writer], Blocks], str]] = {
    "notice": (notice, "few_words"),
    "keywords": (keywords, "frequent_2_grams"),
    "guest-book": (guest_book, "repeated_lines"),
    "form-letters": (form_letters, "repeated_5_grams"),
    "teasers": (teasers, "many_ellipsis_lines"),
    "bullets": (bullets, "many_bullet_lines"),
    "timetable": (timetable, "few_alphabetic_words"),
    "hashtags": (hashtags, "many_hashes"),
    "register": (register, "few_stop_words"),
    "price-list": (price_list, "few_punctuated_lines"),
    "poem": (poem, "many_short_lines"),
    "refrains": (refrains, "many_repeated_chars"),
    "code": (code_lesson, "has_curly_bracket"),
    "filler": (filler, "placeholder_text"),
    "script-notice": (script_notice, "few_sentences"),
    "links": (link_list, "empty_text"),
}
