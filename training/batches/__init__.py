"""From clips to batches: sampling, augmentation, random numbers by place."""
