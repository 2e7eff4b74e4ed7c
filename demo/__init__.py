"""A pretend Oveit, and a home to try it in."""
