"""Words of which tests make Portuguese pages."""

WORDS = (
    "moinho",
    "farinha",
    "pedra",
    "água",
    "trigo",
    "campo",
    "pão",
    "homem",
    "cidade",
    "tempo",
    "casa",
    "rio",
    "vida",
)
