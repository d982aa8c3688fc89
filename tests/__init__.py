"""The tests. A regular package, because installed packages may have a folder of this name too."""
