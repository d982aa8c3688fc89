"""Where results of the terminal's verbs go: files of events, and files beside the sounds."""
