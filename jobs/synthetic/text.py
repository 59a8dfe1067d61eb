"""Believable text from a grammar: sentences, paragraphs and headings, in English about one of ten subjects.

Alternatives are drawn like cards from a shuffled pack, so a page does not say the same thing twice before it has said
everything once, and two pages share hardly any run of five words. All draws come from one `random.Random`.
"""

import random
import re

from jobs.synthetic.languages import LANGUAGES
from jobs.synthetic.vocabulary import SHARED, SUBJECTS

_NAME = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou]|[AEIO][a-z])(?!one\b|us)")
_BEGINNING = re.compile(r"(^[\"„«“¿]? ?|[?!] )(\w)")


def dice(*names: object) -> random.Random:
    """A generator that depends on `names` alone: each page has its own, so that adding a page changes no other."""
    return random.Random(":".join(map(str, names)))  # noqa: S311  demo text, not secrets


class Phrases:
    """Fills templates from lists of alternatives, each list drawn without repetition until it is used up."""

    def __init__(self, rng: random.Random, words: dict[str, tuple[str, ...]]) -> None:
        self.rng = rng
        self._words = words
        self._packs: dict[str, list[str]] = {}

    def draw(self, name: str) -> str:
        """The next alternative of `name`, with everything in braces filled."""
        pack = self._packs.get(name)
        if not pack:
            pack = self._packs[name] = list(self._words[name])
            self.rng.shuffle(pack)
        return self.fill(pack.pop())

    def fill(self, template: str) -> str:
        """`template` with every `{name}` drawn."""
        return _NAME.sub(lambda match: self.draw(match[1]), template)


SENTENCES = """
{when}, {who} {did} the {thing} {place}.
{when}, {group} {did} {number} {things}, and {effect}.
Nobody in {town} expected the {thing} to be so {adj}, least of all {who}.
{fact}, so {group} prefer to {do} the {things} themselves.
{who} still remembers how {first} {last} {did} the first {thing} {place}.
It took {span} before {who} had {did} every one of the {things}.
A {adj} {thing} is {view}, especially when {fact}.
{group} often ask whether they should {do} the {thing} or simply wait.
The answer, {hedge}, is that {fact}.
{who} {did} the {thing} because {why}.
{first} {last}, {who} tells us, never wanted to {do} a {thing} again.
Although {why}, {group} {did} {amount} {things} {when}.
Once the {things} are {did}, the {thing} looks less {adj} than before.
There is little point in buying a new {thing} while the {adj} one still works.
We talked to {first} {last} about {field} and came home with {number} pages of notes.
{hedge}, the {thing} was {did} {place} and never seen again.
"You should always {do} the {things} first," says {who}, "because {fact}."
"In {span} I have not met a {kind} person who could {do} the {thing} alone," {first} {last} admits.
What makes {field} so rewarding is that {fact}.
By then {why}, and {group} had to {do} the {things} without help.
Two of the {number} {things} turned out to be {adj}; the others were {did} and kept.
{who} keeps a {thing} {place} for exactly this reason.
Most books on {field} forget to mention that {fact}.
Do not {do} the {thing} unless the {things} have been {did}.
If {group} had listened, the {thing} would have been {did} {when}.
The {adj} {thing} came from {town}, where {first} {last} had {did} it for a friend.
Few people know that {who} once {did} {amount} {things} in {span}.
After that, {effect}.
{who} was {kind} enough to {do} the {thing} while we waited.
For {group}, a {thing} of this sort is {view}.
In {town} alone, {amount} {things} were {did} {when}.
Somebody has to {do} the {things}, and this year it was {who}.
Whether a {adj} {thing} is {view} depends on whom you ask.
{why}, which left {who} with {number} {adj} {things} and no plan.
So {who} {did} them one after the other, and {effect}.
Every {thing} {place} tells the same story: {fact}.
With the {thing} {did} and the {things} out of the way, {group} went home.
{first} {last} and {first} {last} disagree about almost everything except the {thing}.
One of them would {do} it {when}; the other thinks it {view}.
Neither of them denies that {fact}.
It helps to {do} the {things} slowly, since {fact}.
The first attempt failed: {why}.
The second was better, because {who} had {did} the {thing} beforehand.
{when}, a letter from {town} described a {adj} {thing} that nobody had {did} for {span}.
What happened to the {things} {place} is still a matter of debate.
Our own {thing}, bought {when}, was {did} by {who} and has given no trouble since.
A {kind} visitor asked why {group} {do} the {things} at all.
As long as {fact}, there is no reason to {do} the {thing} every week.
{who} spent {span} trying to {do} a single {thing}, {hedge}.
That is {view}, and {group} know it.
We found {number} {things} {place}, all of them {adj}.
{effect}, and by the following week {who} had {did} the last of the {things}.
How do you {do} a {thing} that is both {adj} and {adj}?
{who} laughs at the question and points at the {things} {place}.
The cost was modest: {amount} coins for the {thing}, nothing for the {things}.
At the next meeting {group} agreed to {do} the {thing}, and {effect}.
Nothing about {field} is {view} until you have {did} your first {thing}.
For {span} now, {first} {last} has {did} every {thing} that came through {town}.
The trick is to {do} the {thing} before the {things} become {adj}.
Looking back, {who} calls it {view}.
Others would rather {do} a {adj} {thing} than throw it away.
{field} has changed less than people think: {fact}, today as in the past.
By comparison, the {thing} from {town} seems {adj} and the {things} rather small.
The {things} were {did} in {span}; the {thing} had to wait.
Ask {who} and you will hear that {fact}.
{group} met {place} and {did} the {thing} together.
It was {kind} of {first} {last} to {do} the {things} for us.
The reason is simple: {fact}, and a {thing} cannot change that.
From {town} to {town}, people {do} their {things} in much the same way.
No two {things} are alike, but a {adj} {thing} is easy to recognise.
Even {who}, usually so {kind}, lost patience when {why}.
The rest is quickly told: {effect}.
""".strip().splitlines()

_HEADINGS = (
    "What {group} say about {field}",
    "How {who} {did} the {thing}",
    "A {adj} {thing} in {town}",
    "Why the {thing} matters",
    "{things} and other {adj} matters",
    "The {kind} way to {do} {things}",
    "From {town}: {number} {things} and a {thing}",
    "{first} {last} on {field}",
    "Before you {do} the {thing}",
    "{span} with a {adj} {thing}",
    "Notes on {field}",
    "When to {do} your {things}",
)


def _lists(source: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(alternatives.split("|")) for name, alternatives in source.items()}


_ENGLISH = {
    subject: {**_lists(SHARED), **_lists(words), "sentence": tuple(SENTENCES), "heading": _HEADINGS}
    for subject, words in SUBJECTS.items()
}
_OTHERS = {code: _lists(words) for code, words in LANGUAGES.items()}
_UNSPACED = ("zh", "ja")


class Writer:
    """Writes about one subject in one language; one writer a page, so that a page does not repeat itself."""

    def __init__(self, rng: random.Random, language: str = "en") -> None:
        self.rng = rng
        self.language = language
        words = _OTHERS[language] if language != "en" else _ENGLISH[rng.choice(sorted(_ENGLISH))]
        self._phrases = Phrases(rng, words)
        self._space = "" if language in _UNSPACED else " "

    def phrase(self, template: str) -> str:
        """`template` filled; in English with its articles put right: "a old bridge" becomes "an old bridge"."""
        filled = self._phrases.fill(template)
        return _ARTICLE.sub(r"\1n ", filled) if self.language == "en" else filled

    def line(self, template: str) -> str:
        """`template` filled and begun with a capital."""
        return _capital(self.phrase(template))

    def sentence(self) -> str:
        """One sentence, from its capital to its full stop."""
        return self.line("{sentence}")

    def heading(self) -> str:
        """A headline without a full stop."""
        return self.line("{heading}")

    def paragraph(self, sentences: int) -> str:
        """`sentences` sentences in one line."""
        return self._space.join(self.sentence() for _ in range(sentences))

    def paragraphs(self, sentences: int) -> list[str]:
        """`sentences` sentences or a few more, in paragraphs of three to six."""
        found: list[str] = []
        while sentences > 0:
            size = self.rng.randint(3, 6)
            found.append(self.paragraph(size))
            sentences -= size
        return found


def _capital(text: str) -> str:
    return _BEGINNING.sub(lambda match: match[1] + match[2].upper(), text)
