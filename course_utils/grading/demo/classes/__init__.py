"""One module for each assignment: a class of sample students and what grading must find."""
