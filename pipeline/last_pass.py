"""The last pass of spaCy's tokenizer, which looks for exceptions among finished tokens."""

from collections.abc import Iterable, Sequence
from itertools import chain

from pipeline.affix_rules import AffixRules, Tokens


class LastPass:
    """What spaCy's last pass looks for: the exceptions that its affix rules cut, as the tokens that they are cut into.

    It finds nothing of more than `reach` tokens, and nothing across whitespace other than a single space. Of overlapping finds
    the longest counts, then the first, even where it then changes nothing (`: )` is no exception, `:)` is).
    """

    def __init__(self, rules: AffixRules) -> None:
        self._exceptions = rules.exceptions
        sought: dict[Tokens, bool] = {}
        for exception, tokens in self._exceptions.items():
            chunks = exception.split()
            if len(chunks) > 1 or (chunks and rules.finds_affixes(exception)):
                cut = tuple(chain.from_iterable(map(rules.cut_anew, chunks)))
                sought[cut] = cut != tokens
        self.reach = max(map(len, sought))
        self._sought = frozenset(sought)
        self._sizes = sorted(set(map(len, sought)))
        self._changed = frozenset(cut for cut, changes in sought.items() if changes)
        self._changed_sizes = sorted(set(map(len, self._changed)))
        self._openings = frozenset(cut[0] for cut in self._changed)

    def may_change(self, tokens: Tokens) -> bool:
        """Whether it finds something to change within one chunk."""
        if self._openings.isdisjoint(tokens):
            return False
        runs = (tokens[start : start + size] for size in self._changed_sizes for start in range(len(tokens) - size + 1))
        return not self._changed.isdisjoint(runs)

    def settled(self, chunks: Sequence[Tokens]) -> list[Tokens]:
        """What it makes of the tokens of chunks with single spaces between them; a find in several belongs to the first."""
        tokens = list(chain.from_iterable(chunks))
        homes = [place for place, each in enumerate(chunks) for _ in each]
        made: list[list[str]] = [[] for _ in chunks]
        done = 0
        for find in self._finds(tokens):
            parts = [
                "".join(tokens[at] for at in find if homes[at] == home)
                for home in dict.fromkeys(homes[at] for at in find)
            ]
            exception = self._exceptions.get(" ".join(parts))
            if exception is not None:
                _put(made, tokens, homes, range(done, find.start))
                made[homes[find.start]] += exception
                done = find.stop
        _put(made, tokens, homes, range(done, len(tokens)))
        return list(map(tuple, made))

    def _finds(self, tokens: Sequence[str]) -> Iterable[range]:
        """The finds that count, in order: one that begins or ends within another that came before it in length counts no more."""
        places = [
            range(start, start + size)
            for size in reversed(self._sizes)
            for start in range(len(tokens) - size + 1)
            if tuple(tokens[start : start + size]) in self._sought
        ]
        seen: set[int] = set()
        finds: list[range] = []
        for place in places:
            if place[0] not in seen and place[-1] not in seen:
                finds.append(place)
            seen.update(place)
        return sorted(finds, key=lambda place: place.start)


def _put(made: list[list[str]], tokens: Sequence[str], homes: Sequence[int], span: Iterable[int]) -> None:
    for place in span:
        made[homes[place]].append(tokens[place])
