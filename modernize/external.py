"""Networks of other libraries, named by one line: `timm:vit_tiny_patch16_224?img_size=32&patch_size=4`.

Names and options only, so that a study can speak of them without loading a library; `modernize.models` builds them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from modernize.errors import ModernizeError, unknown_name
from modernize.fingerprint import fingerprint
from modernize.toml import read_literal, toml_literal

Library = Literal["timm", "torchvision"]
Option = int | float | bool | str | tuple[int, ...]

LIBRARIES: tuple[str, ...] = get_args(Library)

CONVENTION = (
    "counted by torch on the built network: multiply-accumulates of convolutions and matrix products, "
    "those of attention included"
)
"""What the MACs of such a network are. Of one without attention, the paper's convention."""

_EXAMPLE = "timm:vit_tiny_patch16_224?img_size=32&patch_size=4"
_NOTHING_LOADED = "a baseline starts from random weights, like every rung"
_REFUSED = {
    **dict.fromkeys(("weights", "weights_backbone", "checkpoint_path", "cache_dir", "url", "file"), _NOTHING_LOADED),
    "num_classes": "it follows from the data",
    "in_chans": "images have three channels",
    "features_only": "a classifier is needed",
    "device": "it is settled where the run happens",
    "dtype": "it is settled where the run happens",
}
"""Options of the libraries that cannot be set, and why."""


@dataclass(frozen=True, slots=True)
class External:
    """A network of another library, untrained.

    Attributes:
        library: Where it comes from.
        name: What the library calls it.
        options: Arguments of its constructor, in order of their names.

    Examples:
        >>> External("timm", "vit_tiny_patch16_224", (("patch_size", 4), ("img_size", 32)))
        External(library='timm', name='vit_tiny_patch16_224', options=(('img_size', 32), ('patch_size', 4)))
        >>> print(_)
        timm:vit_tiny_patch16_224?img_size=32&patch_size=4
    """

    library: Library
    name: str
    options: tuple[tuple[str, Option], ...] = ()

    def __post_init__(self) -> None:
        if self.library not in LIBRARIES:
            raise unknown_name("library", self.library, LIBRARIES)
        if "." in self.name:
            bare = self.name.partition(".")[0]
            raise ModernizeError(
                f"{self.library}:{self.name}: what follows the dot names weights, and {_NOTHING_LOADED}; "
                f"write {self.library}:{bare}."
            )
        if not re.fullmatch(r"\w+", self.name):
            raise ModernizeError(f"'{self.library}:{self.name}' names no model; write for example {_EXAMPLE}.")
        names = [name for name, _ in self.options]
        for name, value in self.options:
            if names.count(name) > 1:
                raise ModernizeError(f"{self.library}:{self.name} is given {name} twice.")
            _check_option(f"{self.library}:{self.name}", name, value)
        object.__setattr__(self, "options", tuple(sorted(self.options)))

    def __str__(self) -> str:
        options = "&".join(f"{name}={_written(value)}" for name, value in self.options)
        return f"{self.library}:{self.name}" + (f"?{options}" if options else "")

    @property
    def label(self) -> str:
        """What a row is called unless its study says otherwise."""
        return self.name

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that two externals share only if they are the same network."""
        return fingerprint({"external": str(self)})


def parse_external(text: str) -> External:
    """Read what `str` of an `External` writes; the order of options is free.

    Args:
        text: LIBRARY:NAME or LIBRARY:NAME?OPTION=VALUE&OPTION=VALUE. A value is a TOML literal (`4`, `0.1`, `true`,
            `[7, 7]`, `"4"`); anything else is a string.

    Raises:
        ModernizeError: If it does not read so.

    Examples:
        >>> parse_external("timm:convnext_tiny?drop_path_rate=0.1&act_layer=relu").options
        (('act_layer', 'relu'), ('drop_path_rate', 0.1))
    """
    model, question, query = text.partition("?")
    library, colon, name = (part.strip() for part in model.partition(":"))
    if not colon:
        raise ModernizeError(f"'{text}' should be LIBRARY:NAME, for example {_EXAMPLE}.")
    options = []
    for part in query.split("&") if question else ():
        option, equals, value = (word.strip() for word in part.partition("="))
        if not (option and equals and value):
            raise ModernizeError(f"'{text}': '{part}' should be OPTION=VALUE, for example {_EXAMPLE}.")
        read = read_literal(value)
        options.append((option, tuple(read) if isinstance(read, list) else read))
    return External(library, name, tuple(options))  # type: ignore[arg-type]


def refusal(name: str) -> str:
    """Say why an option cannot be set, whatever the network; "" where it can."""
    return _NOTHING_LOADED if name.startswith("pretrained") else _REFUSED.get(name, "")


def _check_option(model: str, name: str, value: object) -> None:
    if why := refusal(name):
        raise ModernizeError(f"{model} cannot be given {name}: {why}.")
    if not name.isidentifier():
        raise ModernizeError(f"{model}: '{name}' is no name of an option.")
    numbers = isinstance(value, tuple) and all(type(item) is int for item in value)
    finite = not isinstance(value, float) or math.isfinite(value)
    plain = isinstance(value, str) and "&" not in value and value.isprintable()
    if not (numbers or plain or (isinstance(value, int | float) and finite)):
        raise ModernizeError(f"{model}: {name} should be a number, true, false, a word or a list of integers.")


def _written(value: Option) -> str:
    if isinstance(value, str) and value and read_literal(value.strip()) == value:
        return value
    return toml_literal(value).replace(", ", ",") if isinstance(value, tuple) else toml_literal(value)
