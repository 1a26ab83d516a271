"""Tests of grading: what nbgrader does with the course's configuration."""
