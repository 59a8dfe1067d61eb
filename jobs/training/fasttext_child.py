"""A process that trains one fastText model and ends: `python fasttext_child.py`, with what to do as JSON on its standard input.

fastText takes memory as it comes and, with one thread, fills a tenth of its matrix with numbers by chance; the rest is what was
there before, in a process that has worked a while anything. Memory that is new from the system is zero.
"""

import json
import sys


def main() -> None:
    """Trains, writes `output`, and says on standard output how many words the model knows, or what went wrong."""
    import fasttext

    told = json.load(sys.stdin)
    output = told.pop("output")
    try:
        model = fasttext.train_supervised(**told)
        model.save_model(output)
    except (RuntimeError, ValueError) as error:
        json.dump({"error": str(error)}, sys.stdout)
        return
    json.dump({"words": len(model.get_words())}, sys.stdout)


if __name__ == "__main__":
    main()
