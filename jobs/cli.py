"""The `gristmill` command: every verb under one name."""

import typer

from jobs.annotate import annotate
from jobs.bench.verb import bench
from jobs.curate import curate
from jobs.dedup import dedup
from jobs.demo import demo
from jobs.duplicates import duplicates
from jobs.export_onnx import export_onnx
from jobs.fit_language import fit_language
from jobs.measure import measure
from jobs.models import models
from jobs.plan import plan
from jobs.publish import publish
from jobs.recipes.verb import recipes
from jobs.replay import replay
from jobs.report import report
from jobs.sample_scores import sample_scores
from jobs.score import score
from jobs.status import status
from jobs.takedown import takedown
from jobs.terminal import run_app
from jobs.train_quality import train_quality
from jobs.verify import verify
from jobs.why import why

VERBS = (
    demo, recipes, plan, curate, dedup, score, status, why, duplicates, replay, report, measure, annotate, verify, takedown,
    publish, fit_language, train_quality, sample_scores, export_onnx, models, bench,
)  # fmt: skip

app = typer.Typer(
    name="gristmill",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Turn web crawls into pre-training data: exact, reproducible, and able to say why a page was dropped.",
    epilog="Start with: gristmill demo",
)
for verb in VERBS:
    app.command(name=verb.__name__.replace("_", "-"))(verb)


def main() -> None:
    """Entry point of the console script."""
    run_app(app)
