"""How weights are learned: the optimiser, the learning rate over the steps, averages of the weights."""
