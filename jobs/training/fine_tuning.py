"""Trains all weights of an encoder together with its head, for a few epochs (Devlin et al. 2019, section A.3)."""

from random import Random
from typing import Any

from jobs.training.encoder_head import Trained
from jobs.training.kinds import Examples, Settings, tell

RATE, EPOCHS, DECAY, WARM_UP, LONGEST_STEP = 5e-5, 3, 0.01, 0.1, 1.0


def fine_tune(trained: Trained, examples: Examples, settings: Settings) -> dict[str, Any]:
    """AdamW with a rate that rises for a tenth of the steps and then falls to 0; says the mean loss of each epoch."""
    import torch

    epochs = EPOCHS if settings.epochs is None else settings.epochs
    tokens, weights = trained.tokens(examples.texts), examples.weights(balanced=settings.balanced)
    order = Random(settings.seed)  # noqa: S311  no secret
    steps = epochs * -(-len(tokens) // settings.batch)
    optimizer = torch.optim.AdamW(_groups(trained.model), lr=RATE if settings.lr is None else settings.lr)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, steps))
    trained.model.train()
    told: list[float] = []
    for epoch in range(1, epochs + 1):
        rows = list(range(len(tokens)))
        order.shuffle(rows)
        whole = 0.0
        for start in range(0, len(rows), settings.batch):
            some = rows[start : start + settings.batch]
            loss = _loss(trained, [tokens[row] for row in some], examples.labels[some], weights[some])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained.model.parameters(), LONGEST_STEP)
            optimizer.step()
            rate.step()
            optimizer.zero_grad()
            whole += float(loss.detach()) * len(some)
        told.append(whole / len(rows))
        tell(f"epoch {epoch} of {epochs}: mean loss {told[-1]:.4f}")
    return {"epoch_losses": told, "steps": steps}


def _groups(model: Any) -> list[dict[str, Any]]:
    """Biases and norms do not decay."""
    decaying = [each for each in model.parameters() if each.requires_grad and each.ndim > 1]
    others = [each for each in model.parameters() if each.requires_grad and each.ndim <= 1]
    return [{"params": decaying, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]


def _share(step: int, steps: int) -> float:
    warm = max(1, int(steps * WARM_UP))
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / max(1, steps - warm))


def _loss(trained: Trained, tokens: list[list[int]], labels: Any, weights: Any) -> Any:
    import torch
    from torch.nn import functional

    logits = trained.model(**trained.batch(tokens)).logits
    counts = torch.as_tensor(weights, dtype=logits.dtype, device=logits.device)
    if trained.classes:
        wanted = torch.as_tensor(labels, dtype=torch.long, device=logits.device)
        each = functional.cross_entropy(logits, wanted, reduction="none")
    else:
        each = (logits[:, 0] - torch.as_tensor(labels, dtype=logits.dtype, device=logits.device)) ** 2
    return (each * counts).mean()
