"""The client of Oveit's web API."""
