"""What the window stands on: background jobs, settings, core's interface, error report."""
