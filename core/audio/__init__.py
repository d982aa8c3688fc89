"""Sound on its way in: sources, decoding of files, resampling, log-mel frames."""
