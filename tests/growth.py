"""That a transform's time grows as the text does, for text made of one piece again and again."""

import time

from pipeline.measures import Transform
from pipeline.pages import Pages


def grows_with_the_text(part: Transform, piece: str) -> bool:
    """Whether 16 times the text takes less than 96 times as long; by the square it would take 256 times."""

    def seconds(chars: int) -> float:
        pages = Pages([piece * (chars // len(piece))])
        start = time.process_time()
        part.transform(pages)
        return time.process_time() - start

    seconds(1_000)
    short, long = min(seconds(30_000) for _ in range(3)), seconds(480_000)
    return long < 16 * 6 * max(short, 0.001)
