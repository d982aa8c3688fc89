"""Soundmark without a window: audio input, models, inference.

Imported before torch wherever the program starts, so that this is the place for what torch must find when it loads.
"""

import ctypes
import os
import sys

# OpenMP's threads wait for each other by spinning, by default for milliseconds. Where one of them has lost its core to
# another program, the rest burn theirs for nothing, and everything takes ten times as long. If they slept at once, a
# quiet machine would lose half of its speed to waking them. A short spin does neither (docs/performance.md has the
# table). Child processes inherit it; whoever has set one of the two is believed.
if "OMP_WAIT_POLICY" not in os.environ and "GOMP_SPINCOUNT" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for the OpenMP of Windows and macOS, which has no such count
    os.environ["GOMP_SPINCOUNT"] = "1000"

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 256 * 2**20
_MOST_ARENAS = 2
"""By default each thread may get its own, and each keeps what was freed in it: 40 MB while listening."""
_SET_BY_USER = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")


def _keep_freed_memory() -> None:
    """Tell glibc's malloc to reuse freed blocks of up to 256 MiB.

    By default each tensor of a few megabytes is mapped for itself and unmapped when freed. The next pass maps it again,
    and the kernel clears every page of it: 6,900 page faults and a quarter of the time of one window of the starter
    (docs/performance.md has the table). Other C libraries are left alone, and so is a malloc that the environment
    already tells what to do.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _SET_BY_USER):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        if "MALLOC_ARENA_MAX" not in os.environ:
            library.mallopt(_M_ARENA_MAX, _MOST_ARENAS)


_keep_freed_memory()
