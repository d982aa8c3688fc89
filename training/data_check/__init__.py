"""What is wrong with the clips, before anything is trained on them."""
