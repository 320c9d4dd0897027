"""What is asked of a cluster, with stand-ins for its commands; a real one is in test_slurm.py."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runs import tiny_data

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.results.store import load_record, load_study
from modernize.run.cluster.profile import Profile, read_profile
from modernize.run.cluster.slurm import CAMPAIGN, Slurm
from modernize.run.cluster.submissions import submissions
from modernize.run.executor import Elsewhere, Ended, Progressed
from modernize.run.launch import launch
from modernize.run.plan import plan_study
from modernize.run.position import POSITION_FILE, forget_position, position_of, positioning
from modernize.run.request import request_from
from modernize.run.run_study import check_request

pickles = pytest.importorskip("cloudpickle")
pytest.importorskip("submitit")
README = Path(__file__).parents[1] / "README.md"

SBATCH = """#!/bin/sh
n=$(($(cat {0}/number 2>/dev/null || echo 6) + 1))
echo $n >{0}/number
cp "$1" {0}/script-$n
grep -q '^#SBATCH --array' "$1" && echo "$n"_0'|PENDING|Resources' >>{0}/queue && echo "$n"_1'|RUNNING|None' >>{0}/queue
grep -q '^#SBATCH --array' "$1" || echo "$n"'|PENDING|Dependency' >>{0}/queue
echo "Submitted batch job $n"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A queue in a file: what is submitted waits for ever."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    (folder / "queue").touch()
    scripts = {"sbatch": SBATCH, "squeue": "#!/bin/sh\ncat {0}/queue\n", "srun": "#!/bin/sh\n"}
    scripts["scancel"] = '#!/bin/sh\necho "$@" >>{0}/cancelled\nfor j in "$@"; do sed -i "/^$j|/d" {0}/queue; done\n'
    for name, text in scripts.items():
        (folder / name).write_text(text.format(folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.fixture
def asked(tmp_path):
    """The command line of a study of two rungs, for a cluster."""
    data = tiny_data(tmp_path)
    words = ["run", "--data", data, "--upto", "recipe", "--epochs", "1", "--name", "study", "--launcher", "slurm"]
    return [*words, "--out", str(tmp_path / "out")]


def script(slurm: Path, number: int) -> dict[str, str]:
    text = (slurm / f"script-{number}").read_text()
    return dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", text, flags=re.MULTILINE)) | {"": text}


def submitted(out: Path) -> list[dict[str, str]]:
    return [one.jobs for one in submissions(out)]


def test_the_readmes_profile_is_read_and_written_so_that_it_reads_back(tmp_path):
    (profile,) = re.findall(r"```toml\n(# lab.toml\n.*?)```", README.read_text(), flags=re.DOTALL)
    (tmp_path / "lab.toml").write_text(profile)
    read = read_profile([str(tmp_path / "lab.toml"), "partition=long"])
    assert (read.partition, read.gpus, read.nodes, read.sbatch) == ("long", 16, 2, {"constraint": "a100"})
    (tmp_path / "again.toml").write_text(read.to_toml())
    assert read_profile([str(tmp_path / "again.toml")]) == read


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("partitoin=gpu", "unknown field 'cluster.partitoin'. Did you mean 'cluster.partition'?"),
        ("gpus=two", "cluster.gpus should be int"),
        ("nodes=0", "cluster.nodes should be from 1 to 1,024"),
        ("time_limit_minutes=2", "cluster.notice_seconds should be less than the time limit"),
        ("nowhere.toml", "the cluster profile nowhere.toml cannot be read"),
        ("sbatch={ exclusive = false }", "cluster.sbatch.exclusive should be"),
    ],
)
def test_a_wrong_profile_is_refused_in_one_line(word, said):
    with pytest.raises(ModernizeError, match=re.escape(said)):
        read_profile([word])


def test_what_does_not_fit_together_is_refused():
    for launcher, words, options, said in (
        ("slrum", [], {}, "unknown launcher 'slrum'. Did you mean 'slurm'?"),
        ("local", ["gpus=1"], {}, "--cluster is for --launcher slurm"),
        ("slurm", ["gpus=3", "nodes=2"], {}, "3 gpus cannot be shared evenly by 2 nodes"),
        ("slurm", [], {"device": "cuda:1"}, "write 'cuda'"),
    ):
        with pytest.raises(ModernizeError, match=re.escape(said)):
            launch(request_from(**options), launcher, words)


def test_here_nothing_changes():
    request = request_from()
    assert launch(request, "local") == (request, None)


@pytest.mark.parametrize(
    ("profile", "options", "device", "precision", "size"),
    [
        (Profile(), {}, "cuda", "bf16", 1),
        (Profile(gpus=8, nodes=2), {"precision": "fp32"}, "cuda", "fp32", 8),
        (Profile(gpus=8), {"gpus": 4}, "cuda", "bf16", 4),
        (Profile(), {"device": "cpu"}, "cpu", "fp32", 1),
        (Profile(gpus=0, nodes=2), {}, "cpu", "fp32", 2),
    ],
)
def test_a_machine_without_gpus_plans_what_the_nodes_will_do(profile, options, device, precision, size):
    here = check_request(profile.applied_to(request_from(**options)), elsewhere=True).runtime
    assert (here.device, here.precision, here.num_processes) == (device, precision, size)


def test_each_run_becomes_a_job_and_one_more_goes_on(asked, slurm, tmp_path, capsys):
    profile = ["partition=gpu", "account=vision", "gpus=4", "nodes=2", "cpus=6", "memory_gb=64"]
    profile += ["time_limit_minutes=90", "setup=['module load cuda']", "sbatch={ constraint = 'a100' }"]
    assert main([*asked, *(word for field in profile for word in ("--cluster", field))]) == 0
    assert "2 runs of study in the queue: jobs 7" in capsys.readouterr().out
    runs, last = script(slurm, 7), script(slurm, 8)
    expected = {"array": "0-1%2", "partition": "gpu", "account": "vision", "gpus-per-node": "2", "nodes": "2"}
    expected |= {"ntasks-per-node": "2", "cpus-per-task": "6", "mem": "64G", "time": "90", "constraint": "a100"}
    assert expected.items() <= runs.items()
    assert "requeue" in runs
    assert "\nmodule load cuda\n" in runs[""]
    assert (last["dependency"], last["partition"]) == ("afterany:7", "gpu")
    assert "gpus-per-node" not in last
    assert f"export {CAMPAIGN}=" in last[""]
    study = load_study(tmp_path / "out" / "results" / "study")
    ids = [entry.run_ids[0] for entry in study.entries]
    assert [sorted(jobs.values()) for jobs in submitted(tmp_path / "out")] == [sorted(ids), [""]]
    folder = tmp_path / "out" / "runs" / "jobs" / "study"
    for job, run_id in submitted(tmp_path / "out")[0].items():
        sent = pickles.loads((folder / f"{job}_submitted.pkl").read_bytes()).function.task
        assert sent["run_id"] == run_id
        assert (sent["runtime"]["device"], sent["runtime"]["precision"]) == ("cuda", "bf16")
        assert sent["runtime"]["num_processes"] == 4


def test_the_same_command_again_submits_what_is_missing(asked, slurm, tmp_path, capsys):
    assert main(asked) == main(asked) == 0
    assert (slurm / "number").read_text() == "8\n", "nothing was missing"
    gone = "\n".join(line for line in (slurm / "queue").read_text().splitlines() if not line.startswith("7_0"))
    (slurm / "queue").write_text(f"{gone}\n")
    assert main(asked) == 0
    first, _, again, _ = submitted(tmp_path / "out")
    assert again == {"9": first["7_0"]}
    assert script(slurm, 10)["dependency"] == "afterany:7:9"
    assert (slurm / "cancelled").read_text() == "8\n", "it would have gone on too early"


def test_a_queue_that_does_not_answer_is_no_empty_queue(asked, slurm, capsys):
    assert main(asked) == 0
    (slurm / "squeue").write_text("#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact controller' >&2\nexit 1\n")
    assert main(asked) == 2
    assert "Unable to contact controller" in capsys.readouterr().err
    assert (slurm / "number").read_text() == "8\n"


def test_status_and_cancel_know_the_jobs(asked, slurm, tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    main(asked)
    capsys.readouterr()
    assert main(["status", "study", *out]) == 0
    printed = capsys.readouterr().out
    assert "7_0  Resources" in printed.replace("pending  ", "")
    assert printed.endswith("study: 2 runs, 1 pending, 1 running\n")
    assert main(["cancel", "study", *out]) == 0
    assert capsys.readouterr().out == "study: 2 jobs cancelled\n"
    assert (slurm / "cancelled").read_text() == "8 7_0 7_1\n" or (slurm / "cancelled").read_text() == "8 7_1 7_0\n"
    assert main(["status", "study", "--json", *out]) == 0
    for one in json.loads(capsys.readouterr().out):
        assert (one["state"], one["says"]) == ("failed", "its job ended without a record")
        assert one["log"].endswith(f"{one['job']}_0_log.err")


def test_a_run_whose_jobs_leave_no_record_is_given_up_after_some_attempts(asked, slurm, tmp_path, monkeypatch, capsys):
    assert main(asked) == 0
    request = tmp_path / "out" / "runs" / "jobs" / "study" / "request.toml"
    goes_on = ["run", str(request), "--launcher", "slurm", "--cluster", str(request.with_name("cluster.toml"))]
    monkeypatch.setenv(CAMPAIGN, next(submissions(tmp_path / "out")).campaign)
    for _ in range(2):
        (slurm / "queue").write_text("")
        assert main(goes_on) == 0
    (slurm / "queue").write_text("")
    assert main(goes_on) == 3
    assert "2 of 2 runs failed" in capsys.readouterr().err
    for path in (tmp_path / "out" / "results" / "study").glob("*-seed0-*.json"):
        assert "its job ended without a record, 3 times" in load_record(path).error
    assert not (slurm / "queue").read_text()


def test_no_slurm_here_is_told(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(asked) == 2
    assert "there is no `sbatch` here" in capsys.readouterr().err


def test_of_seeds_in_rounds_the_first_round_is_submitted(asked, slurm, tmp_path):
    assert main([*asked, "--until-decided", "--seeds", "2", "--max-seeds", "6"]) == 0
    study = load_study(tmp_path / "out" / "results" / "study")
    jobs, last = submitted(tmp_path / "out")
    assert sorted(jobs.values()) == sorted(run_id for entry in study.entries for run_id in entry.run_ids[:2])
    assert list(last.values()) == [""], "it looks at the results and submits the next round"


def test_how_far_a_run_is_can_be_read_while_it_trains(tmp_path):
    tiny_data(tmp_path)
    request = request_from(data=f"npz:{tmp_path / 'tiny.npz'}", upto="base", epochs=4, device="cpu")
    (task,) = plan_study(request).tasks
    now, folder = [0.0], tmp_path / "run"
    folder.mkdir()
    hear = positioning(replace(task, folder=str(folder)), lambda: now[0])
    for now[0], step in ((0.0, 1), (1.0, 2), (10.0, 6)):
        hear(Progressed(task.run_id, step // 2, step, step * 64))
    found = position_of(folder)
    assert found is not None
    assert (found.epoch, found.epochs, found.step, found.num_steps) == (4, 4, 6, 8)
    assert found.images_per_second == pytest.approx(32.0)
    hear(Ended(task.run_id))
    hear(Elsewhere(task.run_id, "somebody"))
    assert position_of(folder) == found
    (folder / POSITION_FILE).write_text("{")
    assert position_of(folder) is None
    forget_position(folder)
    assert not any(folder.iterdir())


def test_leaving_an_executor_by_an_error_submits_nothing_more(tmp_path, slurm):
    executor = Slurm(request_from(out=tmp_path), Profile())
    with pytest.raises(ZeroDivisionError), executor:
        raise ZeroDivisionError
    assert not (slurm / "number").exists()
