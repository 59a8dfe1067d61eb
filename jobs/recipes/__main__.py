"""`python -m jobs.recipes`."""

from jobs.recipes.verb import recipes
from jobs.terminal import run_verb

if __name__ == "__main__":
    run_verb(recipes)
