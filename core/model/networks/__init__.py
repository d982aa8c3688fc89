"""The networks themselves: AST, HAM-AST's blocks, CNNs."""
