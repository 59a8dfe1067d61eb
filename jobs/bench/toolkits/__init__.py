"""The benchmark `toolkits`: the same filters as several toolkits define them, side by side on the same texts."""
