"""`modernize verify`: what it checks and how it tells."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from modernize.errors import ModernizeError
from modernize.nn.pairing import check_torch_pair
from modernize.verify import Check, CheckResult, checks
from modernize.verify.check import Finding, equal

ALL = list(checks())
TORCH_FREE = ("published MACs", "published models")


def test_every_group_is_there():
    groups = [check.group for check in ALL]
    assert {group: groups.count(group) for group in dict.fromkeys(groups)} == {
        "published MACs": 34,
        "published models": 13,
        "built networks": 8,
        "formulations": 1,
        "installation": 1,
        "weights": 15,
    }


def test_the_published_tables_agree_but_for_two_flagged_values():
    results = [check.result() for check in ALL if check.group in TORCH_FREE]
    assert all(result.ok for result in results)
    flagged = {result.what: (result.expected, result.got) for result in results if result.status == "flagged"}
    assert flagged == {
        "resnet50: ln": ("4.46 GMACs", "4.15 GMACs"),
        "resnet50: downsample": ("4.49 GMACs", "4.46 GMACs"),
    }
    assert all(result.note for result in results if result.status == "flagged")


def test_models_name_the_convention_that_gives_the_printed_macs():
    got = {check.what: check.result().got for check in ALL if check.group == "published models"}
    assert got["convnext-v2-tiny"] == "28.6 M, 4.47 GMACs (fvcore-style)"
    assert got["convnext-v2-nano"] == "15.6 M, 2.45 GMACs (conv+fc)"
    assert got["convnext-t"] == "29 M, 4.5 GMACs (conv+fc and fvcore-style)"


@pytest.mark.parametrize("what", ["laptop: parameters of every rung", "laptop: MACs of every rung"])
def test_built_networks_agree(what):
    (result,) = [check.result() for check in ALL if check.what == what]
    assert (result.status, result.got) == ("ok", "18 of 18 equal")


def test_a_wrong_count_is_named(monkeypatch):
    from modernize.measure import counting

    right = counting.counted_params
    monkeypatch.setattr(counting, "counted_params", lambda network: right(network) + (len(network.stem) == 4))
    (check,) = [check for check in ALL if check.what == "laptop: parameters of every rung"]
    result = check.result()
    assert result.status == "failed"
    assert result.got.startswith("15 of 18 equal; base ")


def test_formulations_installation_and_weights_agree():
    # One model stands for all: test_convert.py compares each of them.
    one = [check for check in ALL if check.group == "weights" and check.what.startswith("convnext_tiny")][:1]
    others = [check for check in ALL if check.group in ("formulations", "installation")]
    assert [result for check in (*others, *one) if not (result := check.result()).ok] == []


def result_of(run) -> CheckResult:
    return Check(group="a", what="b", against="c", run=run).result()


def test_an_error_inside_is_a_failed_check_of_one_line():
    def broken() -> Finding:
        raise OSError("first line\nsecond line")

    result = result_of(broken)
    assert (result.status, result.got, result.ok) == ("failed", "OSError: first line second line", False)
    assert result.seconds >= 0


def test_a_difference_fails_unless_it_is_a_known_anomaly():
    assert equal("1", "1").status == "ok"
    assert equal("1", "2").status == "failed"
    assert (equal("1", "2", "misprint").status, equal("1", "2", "misprint").note) == ("flagged", "misprint")
    # A note that no longer applies must not hide that the values agree.
    assert equal("1", "1", "misprint").status == "ok"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "raise RuntimeError('operator torchvision::nms does not exist')",
            "do not belong together (operator torchvision::nms does not exist); install matching versions: pip install",
        ),
        (
            "raise ImportError('libtorch.so: undefined symbol')",
            "do not belong together (libtorch.so: undefined symbol)",
        ),
        ("import no_such_module", "no_such_module is not installed, which torchvision needs (torch "),
    ],
    ids=["operator", "library", "missing"],
)
def test_a_torchvision_that_does_not_import_is_one_clear_line(tmp_path, monkeypatch, source, told):
    (tmp_path / "torchvision.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(ModernizeError) as error:
        check_torch_pair()
    assert told in str(error.value)
    assert version("torch") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_matching_pair_names_its_versions():
    pytest.importorskip("torchvision")
    assert check_torch_pair() == f"torch {version('torch')}, torchvision {version('torchvision')}"


def test_listing_the_checks_needs_no_torch():
    code = "import sys; from modernize.verify import checks; print(len(list(checks())), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["72", "False"]
