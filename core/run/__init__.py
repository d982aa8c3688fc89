"""What the window and the training process share: messages, reports, names of metrics, and a run's folder."""
