"""Spec -> torch network."""

from modernize.nn.network import Network, build

__all__ = ["Network", "build"]
