"""How fast the core is, measured against a pretend Oveit."""
