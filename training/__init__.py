"""Trains the models that core runs. Knows no Qt and nothing of app/."""
