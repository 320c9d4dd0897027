"""An entry: a row of a study, which is a network with a recipe, whatever led to them.

Its identity is what it is, never its name: a rung that two paths come to is one network to train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from modernize.external import External, parse_external
from modernize.fingerprint import fingerprint
from modernize.ladder import Rung
from modernize.spec import Arch, Change, Recipe, Spec, set_fields
from modernize.strict import from_dict

Role = Literal["rung", "probe", "baseline", "control", "network"]
"""Of a row of a study: "rung" of a ladder; "probe", tried beside one; "baseline", another library's network under the
same conditions; "control", of known outcome; "network", any other."""

PRETRAINED = "pretrained"
"""What an entry's `weights` are called where they are those that its library publishes."""

Model = Arch | External


class Trainable(Protocol):
    """A network and its recipe: an entry, or a spec."""

    @property
    def model(self) -> Model:
        """What is built."""
        ...

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of a study.

    Attributes:
        name: Its key in the study: of a rung the id of its step, or "base".
        title: What reports call it.
        role: What it is in the study.
        model: What is built.
        recipe: How it is trained, before the budget shortens it.
        regime: Name of the regime of a rung, "" of what is none.
        steps: Ids of the steps that led to a rung.
        changes: The fields that a rung's step changed.
        note: What is special about it in this study, for example a smaller member of its family; "" for nothing.
        begins_with: Name of the row of the study whose weights it starts from, "" for random ones.
        weights: What it starts from: `PRETRAINED` for those that its library publishes, a file or "run:ID"; "" for
            random ones.
        given: Fields of the spec set by hand for it alone, by their full names; what it is has them already.
    """

    name: str
    title: str
    role: Role
    model: Model
    recipe: Recipe
    regime: str = ""
    steps: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    note: str = ""
    begins_with: str = ""
    weights: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that two entries share only if they are the same network with the same recipe."""
        return fingerprint_of(self.model, self.recipe)


def fingerprint_of(model: Model, recipe: Recipe) -> str:
    """Return the fingerprint of a network with a recipe; of this toolkit's, that of its spec.

    Examples:
        >>> from modernize.regimes import base_spec
        >>> spec = base_spec("laptop")
        >>> fingerprint_of(spec.arch, spec.recipe) == spec.fingerprint
        True
    """
    if isinstance(model, External):
        return fingerprint({"external": str(model), "recipe": set_fields(recipe)})
    return fingerprint({"arch": set_fields(model), "recipe": set_fields(recipe)})


def model_facts(model: Model) -> dict[str, Any]:
    """Return a network as records have it: {"arch": its fields}, or {"external": its name}."""
    return {"external": str(model)} if isinstance(model, External) else {"arch": asdict(model)}


def model_of(facts: Mapping[str, Any]) -> Model:
    """Read what `model_facts` gave.

    Raises:
        ModernizeError: If this version has no such network.
    """
    return parse_external(facts["external"]) if "external" in facts else from_dict(Arch, facts["arch"], "arch")


def entry_of(rung: Rung) -> Entry:
    """Return a rung as an entry."""
    spec: Spec = rung.spec
    return Entry(
        name=rung.step,
        title=rung.title,
        role="rung" if rung.adopted else "probe",
        model=spec.arch,
        recipe=spec.recipe,
        regime=spec.regime.name,
        steps=rung.steps,
        changes=rung.changes,
    )
