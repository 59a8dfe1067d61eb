"""What datatrove 0.10.1's filters call the reasons of our text-quality rules."""

GOPHER_REPETITION = {
    "empty_text": "empty",
    "repeated_paragraphs": "dup_para_frac",
    "repeated_paragraph_chars": "dup_para_char_frac",
    "repeated_lines": "dup_line_frac",
    "repeated_line_chars": "dup_line_char_frac",
    **{f"frequent_{size}_grams": f"top_{size}_gram" for size in (2, 3, 4)},
    **{f"repeated_{size}_grams": f"duplicated_{size}_n_grams" for size in (5, 6, 7, 8, 9, 10)},
}

GOPHER_QUALITY = {
    "few_words": "gopher_short_doc",
    "many_words": "gopher_long_doc",
    "short_words": "gopher_below_avg_threshold",
    "long_words": "gopher_above_avg_threshold",
    "many_hashes": "gopher_too_many_hashes",
    "many_ellipses": "gopher_too_many_ellipsis",
    "many_bullet_lines": "gopher_too_many_bullets",
    "many_ellipsis_lines": "gopher_too_many_end_ellipsis",
    "few_alphabetic_words": "gopher_below_alpha_threshold",
    "few_stop_words": "gopher_enough_stop_words",
}

C4_LINES = {
    "placeholder_text": "lorem_ipsum",
    "has_curly_bracket": "curly_bracket",
    "few_sentences": "too_few_sentences",
}

LINE_QUALITY = {
    "only_blank_lines": "empty",
    "few_punctuated_lines": "line_punct_ratio",
    "many_short_lines": "short_line_ratio",
    "many_repeated_chars": "char_dup_ratio",
    "many_newlines": "list_ratio",
}
