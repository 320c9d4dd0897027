"""How weights start."""

from __future__ import annotations

from torch import nn

from modernize.spec import Spec


def initialise(network: nn.Module, spec: Spec) -> None:
    """Set a network's starting weights in place, drawing from torch's global generator.

    "kaiming" is torchvision's ResNet (normal, fan out, ReLU gain; the classifier keeps torch's default), "trunc-normal"
    the released ConvNeXt code (standard deviation `arch.init_std`, biases zero). Norms start at weight 1 and bias 0.
    The classifier's weights and biases are multiplied by `recipe.head_init_scale`.
    """
    arch = spec.arch
    for module in network.modules():
        if arch.init == "trunc-normal" and isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=arch.init_std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    if spec.recipe.head_init_scale != 1.0:
        for module in network.modules():
            if isinstance(module, nn.Linear):  # the only one
                for parameter in module.parameters():
                    parameter.data.mul_(spec.recipe.head_init_scale)
