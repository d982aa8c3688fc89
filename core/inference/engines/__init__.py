"""Runs a model's network on this machine: PyTorch always, OpenVINO's graphs where they are faster."""
