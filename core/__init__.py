"""Soundmark without a window: audio in, model, inference. Knows no Qt and nothing of app/ or training/.

Imported before torch wherever the program starts, so that this is the place for what torch must find when it loads.
"""

import os

# OpenMP's threads spin while they wait for each other. Where one of them has lost its core to another program, the rest
# burn theirs for nothing and everything takes many times as long; asleep, they cost some microseconds a wake-up. Child
# processes inherit it. Whoever sets it otherwise is believed.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
