"""What the window and the training process share: messages, reports, and where a run keeps what."""
