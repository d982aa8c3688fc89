"""Soundmark without a window: audio input, models, inference.

Imported before torch wherever the program starts, so that this is the place for what torch must find when it loads.
"""

import os

# OpenMP's threads wait for each other by spinning, by default for milliseconds. Where one of them has lost its core to
# another program, the rest burn theirs for nothing, and everything takes ten times as long. If they slept at once, a
# quiet machine would lose half of its speed to waking them. A short spin does neither (docs/performance.md has the
# table). Child processes inherit it; whoever has set one of the two is believed.
if "OMP_WAIT_POLICY" not in os.environ and "GOMP_SPINCOUNT" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for the OpenMP of Windows and macOS, which has no such count
    os.environ["GOMP_SPINCOUNT"] = "1000"
