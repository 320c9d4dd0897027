"""The registry: what it refuses, and how it orders."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from modernize.errors import ModernizeError
from modernize.registry import get_step, order_steps, step
from modernize.step import Step


def make(name: str, after: str = "", instead_of: str = "") -> Step:
    facts = {"title": name, "section": "", "source": "ours", "path": ""}
    return Step(id=name, after=after, instead_of=instead_of, transform=lambda spec: spec, **facts)


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


def test_who_takes_an_id_of_the_toolkit_before_it_is_loaded_is_told():
    code = (
        "import modernize\n"
        "try: modernize.step('gelu', title='Mine', after='ln')(lambda spec: spec)\n"
        "except modernize.errors.ModernizeError as error: print(error)\n"
        "print(len(modernize.ladder()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["step id 'gelu' from __main__ is taken by steps.gelu; choose another.", "14"]


@pytest.mark.parametrize(
    "name", ["../../evil", "a,b", "<script>", "a b", "Grn", "", "-a", "a--b", "a\n", "x" * 41, "é"]
)
def test_an_id_or_path_that_is_no_plain_name_is_refused(own_registry, name):
    with pytest.raises(ModernizeError, match=r"step id .* from test_registry should be up to 40 lower-case letters"):
        step(name, title="Mine", after="ln")(lambda spec: spec)
    if name:
        with pytest.raises(ModernizeError, match=r"step path .* should be up to 40 lower-case letters"):
            step("mine", title="Mine", after="ln", path=name)(lambda spec: spec)
    assert "mine" not in own_registry.load_steps()


def test_a_step_follows_another_or_is_a_probe_of_it(own_registry):
    with pytest.raises(ModernizeError, match=r"step 'mine' of test_registry says after and instead_of"):
        step("mine", title="Mine", after="ln", instead_of="gelu")(lambda spec: spec)


def test_nobody_joins_the_default_path(own_registry):
    with pytest.raises(ModernizeError, match=r"cannot join path 'convnext', which is the paper's"):
        step("mine", title="Mine", after="ln", path="convnext")(lambda spec: spec)


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
    assert order(["a", "b"], make("a"), make("b"), make("probe", instead_of="a")) == ["a", "probe", "b"]


def test_steps_behind_the_same_one_keep_their_order():
    assert order(["a"], make("a"), make("x", after="a"), make("y", after="a")) == ["a", "x", "y"]
    assert order([], make("x", after="base"), make("y", after="base")) == ["x", "y"]


def test_a_circle_is_refused():
    with pytest.raises(ModernizeError, match=r"steps follow each other in a circle: x, y; mend their 'after'\."):
        order(["a"], make("a"), make("x", after="y"), make("y", after="x"))


def test_following_an_unknown_step_is_refused():
    with pytest.raises(
        ModernizeError, match=r"step 'x' of test_registry follows an unknown step 'nowhere'\. Allowed: "
    ):
        order(["a"], make("a"), make("x", after="nowhere"))
    with pytest.raises(ModernizeError, match=r"unknown step 'downsampel'\. Did you mean 'downsample'\?"):
        order(["downsample"], make("downsample"), make("x", after="downsampel"))
    with pytest.raises(ModernizeError, match=r"step 'loose' of test_registry says neither after nor instead_of"):
        order(["a"], make("a"), make("loose"))
    with pytest.raises(ModernizeError, match=r"unknown step in PATH 'b'"):
        order(["a", "b"], make("a"))


def test_an_empty_registry_says_where_it_looked(own_registry, monkeypatch):
    for name in ("_steps", "_path"):
        getattr(own_registry, name).clear()
    monkeypatch.setattr(own_registry, "_entry_points", dict)
    with pytest.raises(ModernizeError, match=r"no steps found: .*'modernize\.steps'"):
        own_registry.load_steps()


def test_entry_points_that_cannot_be_read_are_named_and_left_out(own_registry, tmp_path, monkeypatch, capsys):
    odd = tmp_path / "odd-1.0.dist-info" / "entry_points.txt"
    odd.mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    assert "steps" in own_registry._entry_points()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"warning: {odd} cannot be read: Is a directory; steps that it names are left out."


def test_a_card_without_parts_is_empty_there():
    def bare(spec):
        """Change something.

        Why: because
            it is needed.
        """

    card = replace(make("x"), transform=bare).card()
    assert card == {"what": "Change something.", "why": "because it is needed.", "watch": "", "deviates": ""}
