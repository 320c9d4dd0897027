"""What a file of weights says of itself, so that a network can be used where neither its run nor its data are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from modernize.entry import Model, model_facts, model_of
from modernize.errors import ModernizeError
from modernize.models.handle import Preprocessing
from modernize.strict import from_dict

if TYPE_CHECKING:
    from modernize.datasets.feed import Feed

KEY = "modernize"
"""Of the one entry in a file's metadata: safetensors writes several in random order, so that files would differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is needed beside weights to use them.

    Attributes:
        model: The network.
        class_names: A name for each logit.
        preprocessing: What is done to images.
        about: Where the weights come from, plain facts by name.
    """

    model: Model
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_metadata(self) -> dict[str, str]:
        """Return it as text, for the metadata of a file."""
        facts = asdict(self) | {"model": model_facts(self.model)}
        return {KEY: json.dumps(facts, sort_keys=True, ensure_ascii=False)}

    @staticmethod
    def from_metadata(text: str, path: str) -> Description:
        """Read what `to_metadata` gave.

        Raises:
            ModernizeError: If it is damaged.
        """
        try:
            facts = json.loads(text)
            return Description(
                model=model_of(facts["model"]),
                class_names=tuple(map(str, facts["class_names"])),
                preprocessing=from_dict(Preprocessing, facts["preprocessing"], "preprocessing"),
                about=dict(facts["about"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ModernizeError(f"{path}: what it says of its network cannot be read.") from error


def description_in(path: Path) -> Description | None:
    """Read what a safetensors file says of itself; None where it says nothing, as those of other libraries.

    Raises:
        ModernizeError: If the file cannot be read.
    """
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
    except FileNotFoundError:
        raise ModernizeError(f"there is no file of weights {path}.") from None
    except (OSError, SafetensorError) as error:
        raise ModernizeError(f"{path} is no readable safetensors file of weights ({type(error).__name__}).") from error
    return Description.from_metadata(text, str(path)) if text else None


def description_of(model: Model, feed: Feed, about: Mapping[str, Any]) -> Description:
    """Describe a network that is trained on the images of a feed, and how the feed evaluates it."""
    recipe = feed.recipe
    preprocessing = Preprocessing(
        mean=tuple(feed.normalise.mean.tolist()),
        std=tuple(feed.normalise.std.tolist()),
        image_size=feed.image_size,
        crop_ratio=recipe.eval_crop_ratio,
        interpolation=recipe.interpolation,
        crop_mode=recipe.eval_crop_mode,
    )
    return Description(model=model, class_names=feed.class_names, preprocessing=preprocessing, about=about)
