"""`python -m modernize`."""

from __future__ import annotations

import sys

from modernize.cli import main

if __name__ == "__main__":
    sys.exit(main())
