"""Benchmarks: each compares two ways of doing the same work, both sides interleaved in one run.

`python -m benchmarks` runs them all, `python -m benchmarks P1 depthwise` some of them.
"""
