"""The steps of a recipe's quality models: scores, percentiles where an ensemble wants them, and the choice among what is left."""

from dataclasses import dataclass

from pipeline.asked import AskedModel
from pipeline.asking import Asking
from pipeline.choosing import NAME as CHOOSE
from pipeline.choosing import Choosing
from pipeline.pack import Told
from pipeline.percentiles import Column, Histograms, Percentiles, Thresholds
from pipeline.quality import Quality, QualityModel
from pipeline.scoring import LATE, PREFIX, Scoring
from pipeline.steps import Step

PERCENTILES = "percentiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySteps:
    """`steps` in order; of them `beside` write signals of documents, and `last` says what is packed (None: another step does)."""

    steps: tuple[Step, ...]
    beside: tuple[Step, ...]
    told: tuple[Told, ...] = ()
    last: Step | None = None


NO_SCORES = QualitySteps(steps=(), beside=())


def quality_steps(
    quality: Quality, ingest: Step, survivors: Step | None, weights: Step | None, span: int
) -> QualitySteps:
    """The steps over what `ingest` read, or over what `survivors` says is left, `span` files a part of the small ones.

    `weights` is the step that writes the ensemble's weight, None where ingest does.
    """
    scores = tuple(score_step(model, ingest, survivors, quality.gpus) for model in quality.models)
    shares = _percentile_steps(quality, (ingest, *scores), weights, span, late=survivors is not None)
    beside = (*scores, *shares[-1:])
    told = _told(quality, scores)
    if survivors is None:
        return QualitySteps(steps=(*scores, *shares), beside=beside, told=told)
    names = tuple(step.name for step in beside)
    stage = Choosing(rules=quality.rules, scores=names, survivors=survivors.name)
    choose = Step(name=CHOOSE, stage=stage, inputs=(ingest, survivors, *beside), span=span)
    return QualitySteps(steps=(*scores, *shares, choose), beside=beside, told=told, last=choose)


def _told(quality: Quality, scores: tuple[Step, ...]) -> tuple[Told, ...]:
    """What the dataset says of each document: every score, and the bucket where there are such."""
    pairs = zip(scores, quality.models, strict=True)
    told = tuple(Told(step=step.name, column=model.column, kind="double") for step, model in pairs)
    if quality.ensemble is None:
        return told
    return (*told, Told(step=PERCENTILES, column=f"{quality.ensemble.name}_bucket", kind="int32"))


def score_step(model: QualityModel, ingest: Step, survivors: Step | None = None, gpus: float = 1.0) -> Step:
    """The step of one model: the same in a recipe and added to a run."""
    only = survivors.name if survivors else None
    asked = isinstance(model, AskedModel)
    stage = Asking(model=model, survivors=only) if asked else Scoring(model=model, survivors=only, gpus=gpus)
    inputs = (ingest, survivors) if survivors else (ingest,)
    name = (LATE if survivors else PREFIX) + model.column
    return Step(name=name, stage=stage, inputs=inputs, span=max(each.span for each in inputs))


def _percentile_steps(
    quality: Quality, read: tuple[Step, ...], weights: Step | None, span: int, *, late: bool
) -> tuple[Step, ...]:
    ensemble = quality.ensemble
    if ensemble is None:
        return ()
    prefix = LATE if late else PREFIX
    columns = tuple(Column(model.column, model.resolution, prefix + model.column) for model in quality.models)
    counting = Histograms(columns=columns, ensemble=ensemble, weights=weights.name if weights else None)
    inputs = (*read, weights) if weights else read
    histograms = Step(name="histograms", stage=counting, inputs=inputs, span=span)
    thresholds = Step(name="thresholds", stage=Thresholds(), inputs=(histograms,), partitions=1)
    telling = Percentiles(columns=columns, ensemble=ensemble)
    told = Step(name=PERCENTILES, stage=telling, inputs=(*read, thresholds), span=span if late else 1)
    return histograms, thresholds, told
