"""What the engine of PyTorch is made of: networks in each precision, a module for each kind of device, and whether
their answers can be trusted."""
