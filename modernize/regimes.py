"""The regimes: which ResNet a ladder starts from, and what its steps lead to."""

from __future__ import annotations

from modernize.errors import unknown_name
from modernize.spec import Arch, Recipe, Regime, Spec

REGIMES = {
    regime.name: regime
    for regime in (
        Regime(
            name="laptop",
            start="ResNet-mini",
            end="ConvNeXt-mini",
            image_size=32,
            depths=(2, 3, 3),
            width=16,
            ratio_depths=(2, 4, 3),
            ratio_width=16,
            wide_width=24,
            stem_stride=4,
            num_classes=10,
            init_std=0.08,
            source="ours, by principle: three stages for 32 px, narrow enough for minutes, whose rungs cost, over the "
            "last one, within 10 % of what Table 10's do; at least two blocks a stage, most of them in the last stage "
            "but one, widths in multiples of 8, no map below 2 px and none below half the 7x7 kernel before the last "
            "stage (half of the probes' 9 and 11 is more than their map of 4 px); "
            "init_std by docs/laptop-recipe.toml, on held-out training images",
        ),
        Regime(
            name="cifar",
            start="ResNet-small",
            end="ConvNeXt-small",
            image_size=32,
            depths=(2, 3, 3),
            width=32,
            ratio_depths=(2, 4, 3),
            ratio_width=32,
            wide_width=48,
            stem_stride=2,
            num_classes=10,
            init_std=0.04,
            source="ours, by the laptop regime's principle: its depths at twice the width and twice the resolution",
        ),
        Regime(
            name="resnet50",
            start="ResNet-50",
            end="ConvNeXt-T",
            image_size=224,
            depths=(3, 4, 6, 3),
            width=64,
            ratio_depths=(3, 3, 9, 3),
            ratio_width=64,
            wide_width=96,
            source="arXiv:2201.03545 section 2 and Table 10",
        ),
        Regime(
            name="resnet200",
            start="ResNet-200",
            end="ConvNeXt-B",
            image_size=224,
            depths=(3, 24, 36, 3),
            width=64,
            ratio_depths=(3, 3, 27, 3),
            ratio_width=84,
            wide_width=128,
            published="resnet200",
            source="arXiv:2201.03545 section 2 and Table 11",
        ),
    )
}

DEFAULT_REGIME = "laptop"


def get_regime(name: str) -> Regime:
    """Return the regime called `name`.

    Raises:
        ModernizeError: If there is none.
    """
    if name not in REGIMES:
        raise unknown_name("regime", name, REGIMES)
    return REGIMES[name]


def spec_of(arch: Arch, recipe: Recipe) -> Spec:
    """Return a spec of no ladder: a network and its cost do not depend on the regime that they come from."""
    return Spec(regime=REGIMES[DEFAULT_REGIME], arch=arch, recipe=recipe)


def base_spec(name: str = DEFAULT_REGIME) -> Spec:
    """Return rung 0 of a regime: its ResNet with the classic recipe.

    Raises:
        ModernizeError: If there is no regime called `name`.

    Examples:
        >>> base_spec("resnet50").arch.depths
        (3, 4, 6, 3)
    """
    regime = get_regime(name)
    arch = Arch(
        depths=regime.depths,
        width=regime.width,
        stem_stride=regime.stem_stride,
        num_classes=regime.num_classes,
        init_std=regime.init_std,
    )
    return Spec(regime=regime, arch=arch, recipe=Recipe())
