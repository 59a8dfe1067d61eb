"""The last pass of spaCy's tokenizer, which looks for exceptions among finished tokens: what it may change."""

from collections.abc import Iterable

from spacy.tokenizer import Tokenizer
from spacy.tokens import Token
from spacy.vocab import Vocab

Tokens = tuple[str, ...]


class LastPass:
    """What spaCy's last pass looks for: the exceptions that its affix rules cut, as the tokens that they are cut into.

    It finds nothing of more than `reach` tokens, and nothing across whitespace other than a single space. Of overlapping finds
    the longest counts, even where it then changes nothing (`: )` is no exception, `:)` is).
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        affixes_only = Tokenizer(
            tokenizer.vocab,
            prefix_search=tokenizer.prefix_search,
            suffix_search=tokenizer.suffix_search,
            infix_finditer=tokenizer.infix_finditer,
            token_match=tokenizer.token_match,
            url_match=tokenizer.url_match,
        )
        sought: dict[Tokens, bool] = {}
        for exception in tokenizer.rules:
            if _is_cut(tokenizer, exception):
                cut = texts_of(affixes_only(exception))
                sought[cut] = cut != texts_of(tokenizer(exception))
        self.reach = max(map(len, sought))
        self._changed = frozenset(cut for cut, changes in sought.items() if changes)
        self._sizes = sorted(set(map(len, self._changed)))
        self._heads = frozenset(token for cut in sought for token in cut[:-1])
        self._tails = frozenset(token for cut in sought for token in cut[1:])

    def may_change(self, tokens: Tokens) -> bool:
        """Whether it finds something to change within one chunk."""
        runs = (tokens[start : start + size] for size in self._sizes for start in range(len(tokens) - size + 1))
        return not self._changed.isdisjoint(runs)

    def stays_within(self, before: Tokens, after: Tokens) -> bool:
        """Whether no find can reach from a chunk into the chunks (or whitespace) before and after it."""
        return bool(before and after) and before[-1] not in self._heads and after[0] not in self._tails


def _is_cut(tokenizer: Tokenizer, exception: str) -> bool:
    """Whether the last pass looks for the exception: it does where the affix rules cut it, or a space does."""
    affixes = (tokenizer.find_prefix, tokenizer.find_infix, tokenizer.find_suffix)
    return " " in exception or any(find(exception) for find in affixes)


def without_last_pass(tokenizer: Tokenizer) -> Tokenizer:
    """The same rules without the last pass, over a vocabulary that computes nothing about its words.

    spaCy gives that pass the exceptions which its affix rules cut, so it is built while those rules seem to cut nothing.
    """
    built = False
    bare = Tokenizer(
        Vocab(),
        rules={exception: tokens for exception, tokens in tokenizer.rules.items() if " " not in exception},
        prefix_search=lambda text: tokenizer.prefix_search(text) if built and tokenizer.prefix_search else None,
        suffix_search=lambda text: tokenizer.suffix_search(text) if built and tokenizer.suffix_search else None,
        infix_finditer=lambda text: tokenizer.infix_finditer(text) if built and tokenizer.infix_finditer else iter(()),
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    built = True
    return bare


def texts_of(tokens: Iterable[Token]) -> Tokens:
    """Tokens as strings, which outlive spaCy's memory zone."""
    return tuple(token.text for token in tokens)
