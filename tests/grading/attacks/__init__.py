"""Hostile submissions, one file for each attack: what it does and what it hopes for."""
