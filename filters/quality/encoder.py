"""Quality by an encoder of the BERT family with a head, as FineWeb-Edu's: one number, or the probability of a class."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from filters.quality.encoder_folder import check_weights
from filters.quality.encoder_form import EncoderForm, known, reader
from pipeline.errors import RecipeError

if TYPE_CHECKING:
    from filters.quality.torch_encoder import TorchEncoder

_MOST_BUDGET = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderQuality(EncoderForm):
    """The score by PyTorch: in bf16 on a GPU where the process has one, else in float32 on one core.

    The folder holds `config.json`, `tokenizer.json` and safetensors, as `save_pretrained` leaves them of transformers' model and
    tokenizer for classes of sequences. FineWeb-Edu's has one label and 512 tokens, and its number is the score of 0 to 5. A batch
    has at most `token_budget` tokens, padding included; the last bits of scores depend on what is beside a text in it.
    """

    name: ClassVar[str] = "encoder_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("tokenizers", "torch", "transformers")

    token_budget: int = 16_384

    def __post_init__(self) -> None:
        EncoderForm.__post_init__(self)
        if not self.max_tokens <= self.token_budget <= _MOST_BUDGET:
            raise RecipeError(
                f"{self.column}: token_budget is {self.token_budget:,}, and can be max_tokens to {_MOST_BUDGET:,}"
            )

    def check(self) -> None:
        """RecipeError where a file is missing, another one, or not of an encoder with a head; nothing is loaded."""
        folder, encoder = known(self)
        check_weights(folder, encoder)

    def load(self) -> "TorchEncoder":
        """The model, once a process."""
        return _loaded(self)


@lru_cache(maxsize=2)
def _loaded(form: EncoderQuality) -> "TorchEncoder":
    import torch

    from filters.quality.torch_encoder import TorchEncoder, torch_model

    if not torch.cuda.is_available():
        torch.set_num_threads(1)  # a worker has one core, and how sums are split would show in last bits
    with form.model.held():
        folder, encoder = known(form)
        check_weights(folder, encoder)
        model = torch_model(folder, encoder)
        read = reader(form, folder, encoder, form.token_budget)
    return TorchEncoder(model, read, encoder.place_of(form.label), several=encoder.several)
