"""Graders graded: wrong versions that each check must reject, right ones that it must accept."""
