"""The rules that several toolkits have, by the names under which they are compared."""

RULES = {
    "gopher_quality": (
        "few_words",
        "many_words",
        "short_words",
        "long_words",
        "many_symbols",
        "many_bullet_lines",
        "many_ellipsis_lines",
        "few_alphabetic_words",
        "few_stop_words",
    ),
    "gopher_repetition": (
        "repeated_lines",
        "repeated_line_chars",
        "repeated_paragraphs",
        "repeated_paragraph_chars",
        *(f"frequent_{size}_grams" for size in (2, 3, 4)),
        *(f"repeated_{size}_grams" for size in (5, 6, 7, 8, 9, 10)),
    ),
    "c4_pages": (
        "placeholder_text",
        "has_curly_bracket",
        "few_sentences",
        "has_javascript",
        "boilerplate",
        "few_end_marks",
        "has_long_word",
    ),
}
GOPHER = ("gopher_quality", "gopher_repetition")
LINE_RULES = ("few_words_in_line", "no_end_mark", "javascript_in_line", "policy_in_line", "long_word_in_line")


def any_of(group: str) -> str:
    """The name under which it counts that a page fails some rule of the group."""
    return f"any of {group}"
