"""An encoder in PyTorch: its weights from safetensors into a class of transformers', on a GPU in bf16 or on a core in float32."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from filters.quality.batching import Batch, in_pieces
from filters.quality.encoder_folder import Encoder
from filters.quality.encoder_form import scores_of
from filters.quality.weights import weight_files
from filters.quality.windows import WindowReader, Windows
from pipeline.errors import RecipeError
from pipeline.quality import Scored

if TYPE_CHECKING:
    import torch

_NOT_OF_THE_CLASS = ("model_type", "architectures", "dtype", "torch_dtype", "transformers_version", "_name_or_path")
_AS_IT_IS_USED = {
    "return_dict": True, "torchscript": False, "output_attentions": False, "output_hidden_states": False,
}  # fmt: skip
_NAMED = 5  # tensors in an error


class TorchEncoder:
    """A loaded encoder. Texts are prepared in memory that a GPU reads by itself; it is waited for once a window.

    `half` says whether a GPU computes in bf16; a core never does.
    """

    def __init__(
        self, model: Any, reader: WindowReader, place: int | None, *, several: bool, half: bool = True
    ) -> None:
        import torch

        self._reader, self._place, self._several = reader, place, several
        self._on = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self._on.type == "cuda":
            self._copies = torch.cuda.Stream()
        if self._on.type == "cuda" and half:
            model = model.to(torch.bfloat16)
            _keep_head_exact(model)
        self._model = model.to(self._on).eval()

    @property
    def device(self) -> str:
        """The name of the GPU, or `cpu`."""
        import torch

        return torch.cuda.get_device_name(self._on) if self._on.type == "cuda" else "cpu"

    def prepare(self, texts: Sequence[str]) -> Windows:
        """Token ids in batches, as tensors."""
        read = self._reader.read(texts)
        return Windows([self._as_tensors(batch) for batch in read.batches], read.firsts, read.lengths)

    def _as_tensors(self, batch: Batch) -> Batch:
        import torch

        tensors = torch.from_numpy(batch.ids), torch.from_numpy(batch.lengths)
        if self._on.type == "cuda":
            tensors = tensors[0].pin_memory(), tensors[1].pin_memory()
        return Batch(batch.rows, *tensors)

    def score(self, prepared: Windows) -> Scored:
        """The scores of the texts; what the device computes is collected at the end, so that it never waits for this thread."""
        import torch

        with torch.inference_mode():
            pieces = in_pieces(prepared.batches, self._forward, _made_room)
            found = [(rows, logits.cpu().numpy()) for rows, logits in pieces.answers]
        logits = np.empty((len(prepared.lengths), found[0][1].shape[1]))
        for rows, answer in found:
            logits[rows] = answer
        scores = scores_of(logits, self._place, several=self._several)
        pooled = prepared.pooled(scores, self._reader.reading.pool)
        return Scored(pooled, prepared.tokens, prepared.padding, pieces.smaller)

    def _forward(self, batch: Batch) -> "torch.Tensor":
        import torch

        ids, lengths = self._on_device(batch)
        mask = None
        if (
            int(batch.lengths.min()) < batch.width
        ):  # without a mask attention has faster kernels, and nothing waits for its look
            mask = (torch.arange(batch.width, device=self._on) < lengths[:, None]).long()
        return self._model(input_ids=ids, attention_mask=mask).logits.float()

    def _on_device(self, batch: Batch) -> "Sequence[torch.Tensor]":
        """Copied beside what is computed: the copy has a stream of its own, which the computing one waits for."""
        import torch

        if self._on.type == "cpu":
            return batch.ids, batch.lengths
        computing = torch.cuda.current_stream()
        with torch.cuda.stream(self._copies):
            copied = [each.to(self._on, non_blocking=True) for each in (batch.ids, batch.lengths)]
        computing.wait_stream(self._copies)
        for each in copied:
            each.record_stream(computing)
        return copied


def _made_room(error: Exception) -> bool:
    """Whether memory was short; what is held and unused is given back."""
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        torch.cuda.empty_cache()
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _keep_head_exact(model: Any) -> None:
    """The last layer in float32: in bf16 a score of 3 would be one of 64 steps a unit."""
    import torch

    last = [each for each in model.modules() if isinstance(each, torch.nn.Linear)][-1]
    last.to(torch.float32)
    last.register_forward_pre_hook(lambda _, given: (given[0].float(),))


def torch_model(folder: Path, encoder: Encoder) -> Any:
    """The model in float32 on the CPU, of a class that transformers has for its type.

    Only the tensors go to transformers, not the folder: it would follow adapters, kernels and code that are named there.

    Raises:
        RecipeError: weights are missing or do not fit.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    declared = {key: value for key, value in encoder.data.items() if key not in _NOT_OF_THE_CLASS} | _AS_IT_IS_USED
    config = AutoConfig.for_model(encoder.kind, **declared)
    made: Any = AutoModelForSequenceClassification
    kind = made._model_mapping[type(config)]
    # As the library itself passes it on; never what the configuration says, which might name a kernel of a hub.
    config._attn_implementation = "sdpa" if kind._supports_sdpa else "eager"  # pyright: ignore[reportPrivateUsage]
    tensors = dict(_tensors(folder))
    try:
        model, told = kind.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (RuntimeError, ValueError) as error:
        raise RecipeError(
            f"{folder}: the weights are not those of config.json: {str(error).splitlines()[0]}"
        ) from error
    missing = sorted(map(str, (*told["missing_keys"], *told["mismatched_keys"])))
    if missing:
        raise RecipeError(f"{folder}: weights are missing: {', '.join(missing[:_NAMED])}")
    return model


def _tensors(folder: Path) -> "Iterator[tuple[str, torch.Tensor]]":
    from safetensors.torch import load_file

    for path in weight_files(folder):
        yield from load_file(path).items()
