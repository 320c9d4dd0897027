"""The registry: what it refuses, and how it orders."""

from __future__ import annotations

import pytest

from modernize.errors import ModernizeError
from modernize.registry import Step, get_step, order_steps, step


def make(name: str, after: str = "", instead_of: str = "") -> Step:
    return Step(
        id=name, title=name, section="", source="ours", after=after, instead_of=instead_of, transform=lambda spec: spec
    )


def order(path: list[str], *steps: Step) -> list[str]:
    return list(order_steps({one.id: one for one in steps}, path))


def test_an_unknown_step_is_named_with_its_nearest():
    with pytest.raises(ModernizeError, match=r"unknown step 'patchfy'\. Did you mean 'patchify'\? Allowed: recipe, "):
        get_step("patchfy")


def test_a_taken_id_is_refused(own_registry):
    with pytest.raises(ModernizeError, match=r"step id 'gelu' from test_registry is taken by steps\.gelu"):
        step("gelu", title="Mine")(lambda spec: spec)
    with pytest.raises(ModernizeError, match=r"step id 'base' from test_registry is taken by rung 0"):
        step("base", title="Mine")(lambda spec: spec)


def test_registering_returns_the_function_unchanged(own_registry):
    def mine(spec):
        return spec

    assert step("mine", title="Mine", after="ln")(mine) is mine


def test_a_step_registered_late_takes_its_place(own_registry):
    def mine(spec):
        return spec.with_arch(grn=True)

    step("mine", title="Mine", after="ln")(mine)
    names = list(own_registry.load_steps())
    assert names[names.index("ln") + 1] == "mine"
    # As in a notebook whose cell is run again.
    step("mine", title="Mine", after="gelu")(mine)
    assert own_registry.get_step("mine").after == "gelu"


def test_steps_stand_behind_the_one_they_name():
    assert order(["a", "b"], make("a"), make("b"), make("x", after="a"), make("y", after="x")) == ["a", "x", "y", "b"]
    assert order(["a"], make("a"), make("x", after="base")) == ["x", "a"]
    assert order(["a"], make("a"), make("loose")) == ["a", "loose"]
    assert order(["a", "b"], make("a"), make("b"), make("probe", instead_of="a")) == ["a", "probe", "b"]


def test_steps_behind_the_same_one_keep_their_order():
    assert order(["a"], make("a"), make("x", after="a"), make("y", after="a")) == ["a", "x", "y"]
    assert order([], make("x", after="base"), make("y", after="base")) == ["x", "y"]


def test_a_circle_is_refused():
    with pytest.raises(ModernizeError, match=r"steps follow each other in a circle: x, y; mend their 'after'\."):
        order(["a"], make("a"), make("x", after="y"), make("y", after="x"))


def test_following_an_unknown_step_is_refused():
    with pytest.raises(ModernizeError, match=r"step 'x' follows 'nowhere', which is not registered"):
        order(["a"], make("a"), make("x", after="nowhere"))
    with pytest.raises(ModernizeError, match=r"unknown step in PATH 'b'"):
        order(["a", "b"], make("a"))


def test_an_empty_registry_says_where_it_looked(own_registry, monkeypatch):
    for name in ("_steps", "_loaded"):
        getattr(own_registry, name).clear()
    monkeypatch.setattr(own_registry, "entry_points", lambda **_: [])
    with pytest.raises(ModernizeError, match=r"no steps found: .*'modernize\.steps'"):
        own_registry.load_steps()


def test_a_card_without_parts_is_empty_there():
    def bare(spec):
        """Change something.

        Why: because
            it is needed.
        """

    card = Step(id="x", title="", section="", source="", after="", instead_of="", transform=bare).card()
    assert card == {"what": "Change something.", "why": "because it is needed.", "watch": "", "deviates": ""}
