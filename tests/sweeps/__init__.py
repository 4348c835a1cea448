"""Long sweeps, each with a fixed slice in the ordinary suite."""
