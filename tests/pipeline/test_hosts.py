import time

import pytest

from pipeline.takedown.hosts import domains_of


@pytest.mark.parametrize("host", ["字" * 100_000, "a." * 100_000 + "b", "字." * 100_000 + "b", "é" * 64 + "x"])
def test_a_host_of_any_length_is_looked_at_in_little_time_and_its_last_labels_count(host: str) -> None:
    start = time.process_time()
    found = domains_of(f"http://{host}.example.org/")
    assert time.process_time() - start < 1
    assert found[-1] == "example.org"
    assert len(found) <= 126


def test_labels_of_the_length_that_the_dns_allows_are_encoded() -> None:
    assert domains_of("http://" + "é" * 20 + ".org/")[0].startswith("xn--")
