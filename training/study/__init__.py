"""Many runs and the table that compares them."""
