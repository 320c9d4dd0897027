"""modernize: from ResNet-50 to ConvNeXt one change at a time."""

from modernize.version import __version__

__all__ = ["__version__"]
