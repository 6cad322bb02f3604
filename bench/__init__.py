"""Measurements. Figures of two things are taken in one run, and their ratio is what counts."""
