"""The network in training: how it is built, started, taught and optimised."""
