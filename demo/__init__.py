"""A pretend Oveit, and a venue to look at."""
