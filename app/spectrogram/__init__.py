"""The spectrogram panel: the picture, its axes and colours, the lanes below it, and the timeline they show."""
