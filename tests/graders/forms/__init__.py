"""Mistakes that people really make, for each assignment, with what they must be told."""
