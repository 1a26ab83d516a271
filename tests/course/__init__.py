"""Tests of the release: what students get."""
