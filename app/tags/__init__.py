"""Now hearing: the class bars, and pins."""
