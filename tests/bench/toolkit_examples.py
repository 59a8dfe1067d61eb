"""Made-up pages about which the toolkits disagree: the examples of `docs/gopher-disagrees.md`, and who drops each of them."""

from dataclasses import dataclass

ALL = ("datatrove", "dolma", "nemo-curator", "dclm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A page: a piece of text, repeated, its copies joined by newlines; `$` in it is the number of the copy."""

    rule: str
    piece: str
    times: int
    drop: tuple[str, ...]

    def text(self) -> str:
        return "\n".join(self.piece.replace("$", str(number)) for number in range(1, self.times + 1)).replace("⏎", "\n")

    def row(self) -> str:
        """Its line in the document."""
        return f"| `{self.rule}` | `{self.piece}` | {self.times} | {', '.join(self.drop)} |"


SAID = "on market days the miller sells flour"
BETWEEN = (
    "Rain fell upon hills.",
    "Oxen drew heavy carts.",
    "Bread rose in ovens.",
    "Children ran past walls.",
    "Bells rang at noon.",
    "Dogs slept under trees.",
    "Rivers froze last winter.",
    "Smoke left every chimney.",
    "Merchants crossed bridges.",
)


def _page(rule: str, piece: str, times: int, *drop: str) -> Example:
    return Example(rule=rule, piece=piece, times=times, drop=drop)


EXAMPLES = (
    _page("few_words", "The miller's wife didn't grind it.", 7, "dolma", "nemo-curator", "dclm"),
    _page("few_words", "Rye & oats & wheat & malt & hops.", 6, "datatrove", "dclm"),
    _page("short_words", "We go to an unpronounceable mill.", 9, "dolma"),
    _page("many_symbols", "the miller and his wife grind #rye to flour", 9, "dolma", "dclm"),
    _page("many_symbols", "the miller ... and ... his wife", 9, "datatrove", "nemo-curator", "dclm"),
    _page("many_symbols", "## the mill of the river and the village", 9, "datatrove", "dolma", "dclm"),
    _page("many_bullet_lines", "* flour of rye number $", 12, "dolma", "dclm"),
    _page("many_bullet_lines", "- flour of rye number $", 12, "datatrove", "dolma", "dclm"),
    _page("many_bullet_lines", "• flour of rye number $", 12, "datatrove", "nemo-curator", "dclm"),
    _page("many_ellipsis_lines", "The miller and the mill $...", 12, "datatrove", "nemo-curator", "dclm"),
    _page("many_ellipsis_lines", "The miller and the mill $ Read more", 12, "nemo-curator"),
    _page("few_alphabetic_words", "rye, oats, wheat, malt, hops,", 12, "datatrove"),
    _page("few_stop_words", "see the mill $", 20, "datatrove"),
    _page("few_stop_words", "The Mill Of And To Have", 12, "datatrove", "dolma", "nemo-curator"),
    _page("repeated_lines", "Grind rye $⏎Turn the stone⏎Turn the stone⏎Sell flour $", 1, "dolma", "dclm"),
    _page("frequent_2_grams", "the miller grinds barley", 1, "datatrove", "dolma", "nemo-curator"),
    _page("frequent_4_grams", "the mill turns", 1, "nemo-curator"),
    _page("repeated_5_grams", "⏎".join((SAID, *BETWEEN[:6], SAID)), 1, "dolma", "nemo-curator", "dclm"),
    _page("repeated_5_grams", "⏎".join((SAID, *BETWEEN, SAID)), 1, "dclm"),
    _page("placeholder_text", "Lorem ipsum", 1, "dolma"),
    _page("has_javascript", "Our miller learns JavaScript in winter. The mill turns.", 3, "dolma"),
    _page(
        "boilerplate", "Read our privacy policy.⏎The miller and his wife grind rye.⏎The mill turns.", 1, "nemo-curator"
    ),
    _page("few_end_marks", "the miller grinds rye $", 8, "nemo-curator"),
)
