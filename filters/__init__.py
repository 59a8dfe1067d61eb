"""Gates, measures and transforms: one idea a file, pure, Arrow in and Arrow out."""
