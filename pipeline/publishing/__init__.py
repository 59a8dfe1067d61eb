"""A finished dataset made public: its card, its Croissant description, its checksums, and the places it can go."""
