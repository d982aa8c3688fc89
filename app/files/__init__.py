"""The files panel: the list of files, its table, and the queue that tags them."""
