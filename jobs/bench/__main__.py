"""`python -m jobs.bench`."""

from jobs.bench.verb import bench
from jobs.terminal import run_verb

if __name__ == "__main__":
    run_verb(bench)
