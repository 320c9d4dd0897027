"""The steps of "A ConvNet for the 2020s", one a file, and the order in which the paper takes them; `grn` goes on to V2.

Found through the entry-point group `modernize.steps`; other packages add theirs the same way.
"""

from steps import (  # noqa: F401 - importing registers
    depthwise,
    downsample,
    fewer_acts,
    fewer_norms,
    gelu,
    grn,
    inverted,
    kernel_5,
    kernel_7,
    kernel_9,
    kernel_11,
    ln,
    move_up,
    patchify,
    recipe,
    stage_ratio,
    width,
)

PATH = (
    "recipe",
    "stage-ratio",
    "patchify",
    "depthwise",
    "width",
    "inverted",
    "move-up",
    "kernel-5",
    "kernel-7",
    "kernel-9",
    "kernel-11",
    "gelu",
    "fewer-acts",
    "fewer-norms",
    "ln",
    "downsample",
)
