"""What a model is worth: metrics, intervals, calibration, the published checkpoint and its card."""
