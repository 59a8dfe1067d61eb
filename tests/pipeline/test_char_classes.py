"""What kernels are told of a character is what Python says of it."""

import unicodedata

from pipeline.char_classes import CHOSEN, LETTER, PUNCTUATION, SPACE, char_classes

CHARS = [chr(code) for code in range(0x110000)]


def test_each_character_has_the_flags_that_python_gives_it() -> None:
    classes = char_classes()
    told = {
        LETTER: [char.isalpha() for char in CHARS],
        SPACE: [char.isspace() for char in CHARS],
        PUNCTUATION: [unicodedata.category(char)[0] == "P" for char in CHARS],
    }
    for flag, expected in told.items():
        assert ((classes & flag) != 0).tolist() == expected


def test_the_chosen_characters_alone_are_marked() -> None:
    assert [chr(code) for code in (char_classes("#é\U0001f600") & CHOSEN).nonzero()[0]] == ["#", "é", "\U0001f600"]
    assert not (char_classes() & CHOSEN).any()
