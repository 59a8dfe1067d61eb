"""jusText's stop words: known by name without loading jusText, and read once for a process."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import RecipeError


@cache
def stop_lists() -> tuple[str, ...]:
    """The languages that jusText has stop words of, as it writes them."""
    spec = find_spec("justext")
    if spec is None or spec.origin is None:
        raise RecipeError("the package justext is not installed; run `make setup`")
    return tuple(sorted(path.stem for path in (Path(spec.origin).parent / "stoplists").glob("*.txt")))


@cache
def stop_words(stop_list: str) -> frozenset[str]:
    """The stop words of a language, or of `all`."""
    from justext import get_stoplist

    wanted = stop_lists() if stop_list == "all" else (stop_list,)
    return frozenset().union(*(get_stoplist(name) for name in wanted))
