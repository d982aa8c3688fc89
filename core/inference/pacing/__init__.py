"""How fast a live model runs: which of its settings, how often, and what this computer can hold."""
