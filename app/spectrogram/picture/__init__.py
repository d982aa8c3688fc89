"""The pixels of the picture, and what is painted over them."""
