"""The terminal's verbs, one file each with `add_options` and `run`. Imports neither Qt nor training."""
