"""Runs as jobs of a cluster: what is asked of it, what was submitted, and what a job does on its node."""
