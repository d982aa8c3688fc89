"""Makes graphs: converts networks, quantises them, and finds out what the graphs are worth. Imports PyTorch."""
