"""The log of what a person should know of how models run here, in whole sentences; the window shows it too."""

from __future__ import annotations

import logging

NOTICES = logging.getLogger(__name__)
