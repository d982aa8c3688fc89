"""Files: the list, its table and the queue that tags them."""
