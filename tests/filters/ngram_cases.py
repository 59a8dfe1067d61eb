"""N-gram models for tests: one that a person can follow, and random ones with a plain way to compute what they say."""

import itertools

from hypothesis import strategies as st

SMALL = r"""
\data\
ngram 1=5
ngram 2=4
ngram 3=2

\1-grams:
-1.0	<unk>
-99	<s>	-0.3
-0.6	</s>
-0.7	a	-0.2
-0.8	b	-0.1

\2-grams:
-0.2	<s> a	-0.05
-0.4	a b	-0.15
-0.5	b </s>
-0.9	b a

\3-grams:
-0.1	<s> a b
-0.3	a b </s>

\end\
"""


def random_model(draw: st.DrawFn) -> dict[tuple[str, ...], tuple[float, float]]:
    """n-grams with their logarithms, of which each one's beginning is there too."""
    words = ["<s>", "</s>", "<unk>", "a", "b", "c"]
    numbers = st.floats(-5, 0, width=32)
    weights = st.floats(-2, 1, width=32)
    model = {(word,): (draw(numbers), draw(weights)) for word in words}
    before = list(model)
    for _ in range(draw(st.integers(0, 3))):
        longer = [(*gram, word) for gram, word in itertools.product(before, words)]
        before = draw(st.lists(st.sampled_from(longer), unique=True, max_size=12))
        if not before:
            break
        model |= {gram: (draw(numbers), draw(weights)) for gram in before}
    return model


models = st.composite(random_model)()


def arpa_of(model: dict[tuple[str, ...], tuple[float, float]]) -> str:
    most = max(map(len, model))
    orders = [[gram for gram in model if len(gram) == order] for order in range(1, most + 1)]
    lines = ["\\data\\", *(f"ngram {order}={len(grams)}" for order, grams in enumerate(orders, 1))]
    for order, grams in enumerate(orders, 1):
        lines += ["", f"\\{order}-grams:"]
        weight = "" if order == most else "\t{!r}"
        lines += [f"{model[gram][0]!r}\t{' '.join(gram)}" + weight.format(model[gram][1]) for gram in grams]
    return "\n".join([*lines, "", "\\end\\", ""])


def plain_log10(model: dict[tuple[str, ...], tuple[float, float]], words: list[str]) -> float:
    """Katz's back-off as its definition says it."""
    most = max(map(len, model))

    def of(context: tuple[str, ...], word: str) -> float:
        if (*context, word) in model:
            return model[(*context, word)][0]
        return model.get(context, (0.0, 0.0))[1] * (len(context) < most) + of(context[1:], word)

    history, total = ["<s>"], 0.0
    for word in [*words, "</s>"]:
        word = word if (word,) in model else "<unk>"
        total += of(tuple(history[max(0, len(history) - most + 1) :]) if most > 1 else (), word)
        history.append(word)
    return total


def may_stand_in_kenlm(gram: tuple[str, ...], model: dict) -> bool:
    """KenLM wants what lmplz writes: no sentence within a sentence, and the end of each n-gram as one of its own."""
    inner = "<s>" not in gram[1:] and "</s>" not in gram[:-1] and (len(gram) == 1 or "<unk>" not in gram)
    pieces = [gram[first:last] for first in range(len(gram)) for last in range(first + 1, len(gram) + 1)]
    return inner and all(piece in model for piece in pieces)


def orders_of(arpa: str) -> list[dict[tuple[str, ...], tuple[float, float]]]:
    """The n-grams of each length in an ARPA file."""
    orders: list[dict[tuple[str, ...], tuple[float, float]]] = []
    for line in arpa.splitlines():
        if line.endswith("-grams:"):
            orders.append({})
        elif orders and "\t" in line:
            log10, gram, *weight = line.split("\t")
            orders[-1][tuple(gram.split(" "))] = float(log10), float(weight[0]) if weight else 0.0
    return orders
