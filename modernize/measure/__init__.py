"""Measurements on built networks and processes."""
