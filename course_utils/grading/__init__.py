"""Grading: what the course adds to nbgrader."""
