"""A request becomes a study and its runs, whose identities change with what is run and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image
from safetensors.torch import save_file
from tiny_runs import FIRST_LAPTOP, tiny_data, tiny_request

from modernize.datasets import load_data
from modernize.errors import DataError, ModernizeError
from modernize.ladder import ladder
from modernize.nn import build
from modernize.run import inputs, placement, request_rungs
from modernize.run.devices import Found, Gpu
from modernize.run.plan import plan_study
from modernize.run.recipe_changes import recipe_changes
from modernize.run.request import RunRequest, request_from
from modernize.run.task import Task

IDS_OF_THE_FIRST_RELEASE = ["e67fd65f5858ec5d", "8ee7759ed664625f"]


@pytest.fixture
def folder(tmp_path):
    tiny_data(tmp_path)
    return tmp_path


def ids(request: RunRequest) -> list[str]:
    return [task.run_id for task in plan_study(request).tasks]


def test_rungs_times_seeds_seed_by_seed(folder):
    plan = plan_study(tiny_request(folder, upto="stage-ratio", seeds=2))
    rungs = ["base", "recipe", "stage-ratio"]
    assert [(task.entry.name, task.seed) for task in plan.tasks] == [(r, s) for s in (0, 1) for r in rungs]
    assert len({task.run_id for task in plan.tasks}) == 6
    assert plan.study.seeds == (0, 1)
    for rung in plan.study.entries:
        assert rung.run_ids == tuple(task.run_id for task in plan.tasks if task.entry.name == rung.name)


def test_the_study_says_what_is_compared_with_what(folder):
    study = plan_study(tiny_request(folder, upto="kernel-7", probes=True)).study
    before = {rung.name: study.before(rung.name) for rung in study.entries}
    assert before["base"] == ""
    assert before["recipe"] == "base"
    assert before["kernel-7"] == before["kernel-5"] == "move-up"
    assert before["kernel-9"] == before["kernel-11"] == "kernel-7", "does more help still?"
    assert [rung.name for rung in study.entries if not rung.adopted] == ["kernel-5", "kernel-9", "kernel-11"]
    assert study.published == "resnet50"
    rung = study.entries[1]
    assert "recipe.optimizer: sgd -> adamw" in rung.changes
    assert plan_study(tiny_request(folder, upto="kernel-7", start="kernel-7")).study.contrasts == ()


@pytest.mark.parametrize(("regime", "published"), [("laptop", "resnet50"), ("resnet200", "resnet200")])
def test_the_study_names_the_published_table(folder, regime, published):
    study = plan_study(tiny_request(folder, regime=regime, stem_stride=1)).study
    assert (study.regime, study.published) == (regime, published)


def test_a_task_carries_the_paper_recipe_and_the_trained_one(folder):
    task = plan_study(tiny_request(folder, epochs=2)).tasks[1]
    spec = ladder("laptop")[1].spec
    assert task.recipe["epochs"] == 300
    assert task.trained_recipe["epochs"] == task.budget.epochs == 2
    assert task.entry.fingerprint == spec.fingerprint
    assert task.model["arch"]["num_classes"] == task.data.num_classes == 3
    assert (task.data.num_train_images, task.data.num_test_images) == (128, 64)
    text = json.dumps(task.to_json())
    assert json.dumps(Task.from_json(json.loads(text)).to_json()) == text


def test_run_ids_are_stable_and_indifferent_to_names(folder, monkeypatch):
    first = ids(tiny_request(folder))
    assert first == ids(tiny_request(folder))
    assert first == ids(tiny_request(folder, name="other", out=folder / "elsewhere", jobs=3))
    assert first == ids(tiny_request(folder, seeds=2))[:2]
    moved = folder / "moved"
    moved.mkdir()
    tiny_data(moved)
    assert first == ids(tiny_request(moved)), "the same images in another file"
    retitled = [replace(rung, title="Another title") for rung in ladder("laptop", upto="recipe")]
    monkeypatch.setattr(request_rungs, "ladder", lambda *_, **__: tuple(retitled))
    assert first == ids(tiny_request(folder))
    renamed = [replace(r, step=f"my-{r.step}", spec=r.spec.with_recipe(name=f"my {r.step}")) for r in retitled]
    monkeypatch.setattr(request_rungs, "ladder", lambda *_, **__: tuple(renamed))
    assert first == ids(tiny_request(folder)), "neither its entries' names nor its recipes' retrain anything"


def test_steps_that_commute_lead_to_the_same_run(folder):
    one, other = (
        plan_study(tiny_request(folder, upto="", order=order)).tasks
        for order in (("recipe", "patchify", "gelu"), ("gelu", "recipe", "patchify"))
    )
    assert [task.entry.name for task in (one[-1], other[-1])] == ["gelu", "patchify"]
    assert one[-1].run_id == other[-1].run_id


def test_run_ids_of_earlier_versions_are_kept(folder):
    """On a processor, with one process of one thread: records of those runs are found again."""
    first = {f"arch.{name}": value for name, value in FIRST_LAPTOP.items()}
    assert ids(tiny_request(folder, set=first))[0] == IDS_OF_THE_FIRST_RELEASE[0]
    # The budget of that time had another rate for the modern recipe.
    then = first | {"recipe.lr": 0.008}
    assert ids(tiny_request(folder, set=then))[1] == IDS_OF_THE_FIRST_RELEASE[1]


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "bf16"},
        {"processes": 2},
        {"micro_batch": 16},
        {"compile": True},
        {"deterministic": True},
    ],
    ids=str,
)
def test_what_can_change_a_number_changes_run_ids_and_the_name(folder, options):
    plain, other = (plan_study(tiny_request(folder, **chosen)) for chosen in ({}, options))
    assert not {task.run_id for task in plain.tasks} & {task.run_id for task in other.tasks}
    assert other.study.name != plain.study.name
    assert json.loads(json.dumps(other.tasks[0].to_json()))["runtime"] != plain.tasks[0].to_json()["runtime"]


@pytest.mark.parametrize(
    "options", [{"decode_workers": 3}, {"micro_batch": 64}, {"device": "auto"}, {"jobs": 2}], ids=str
)
def test_what_changes_no_number_changes_no_run_id(folder, options, monkeypatch):
    monkeypatch.setattr(placement, "find_gpus", lambda: Found((), "there is none"))
    assert ids(tiny_request(folder)) == ids(tiny_request(folder, **options))


def test_on_a_gpu_it_is_another_run_whichever_gpu_and_however_many_threads(folder, monkeypatch):
    monkeypatch.setattr(placement, "find_gpus", lambda: Found((Gpu(0, "A GPU", (9, 0)), Gpu(1, "Another", (9, 0)))))
    processor = plan_study(tiny_request(folder))
    some, one, fp32 = (
        plan_study(tiny_request(folder, device=device, jobs=jobs, precision=precision))
        for device, jobs, precision in (("cuda", 2, "auto"), ("cuda:1", 1, "bf16"), ("auto", 1, "fp32"))
    )
    assert [task.run_id for task in some.tasks] == [task.run_id for task in one.tasks]
    assert len({plan.tasks[0].run_id for plan in (processor, some, fp32)}) == 3
    assert len({plan.study.name for plan in (processor, some, fp32)}) == 3
    assert some.tasks[0].runtime.device == "cuda"


def test_weights_to_start_from_are_part_of_the_run(folder):
    file = folder / "start.safetensors"
    one_rung = {"start": "recipe", "upto": "recipe"}
    state = {
        name: tensor.contiguous()
        for name, tensor in build(ladder("laptop", upto="recipe")[-1].spec).state_dict().items()
    }
    save_file(state, file)
    plain = plan_study(tiny_request(folder, **one_rung)).tasks[0]
    task = plan_study(tiny_request(folder, **one_rung, weights=str(file))).tasks[0]
    assert task.run_id != plain.run_id
    assert task.weights == str(file)
    assert recipe_changes(task)[-1].startswith("starts from the weights in start.safetensors (SHA-256 ")
    save_file(state, file, metadata={"by": "somebody else"})
    assert plan_study(tiny_request(folder, **one_rung, weights=str(file))).tasks[0].run_id != task.run_id
    with pytest.raises(ModernizeError, match="cannot be read: No such file"):
        plan_study(tiny_request(folder, **one_rung, weights="nowhere.safetensors"))
    file.write_bytes(b"weights")
    with pytest.raises(ModernizeError, match="no readable safetensors file of weights"):
        plan_study(tiny_request(folder, **one_rung, weights=str(file)))
    with pytest.raises(ModernizeError, match="weights to start from fit one network"):
        plan_study(tiny_request(folder, upto="stage-ratio", weights=str(file)))


def test_recipes_are_planned_as_printed_with_the_full_budget(folder):
    task = plan_study(tiny_request(folder, budget="full", epochs=None)).tasks[1]
    assert (task.trained_recipe["epochs"], task.trained_recipe["batch_size"]) == (300, 128)
    assert task.trained_recipe["lr"] == task.recipe["lr"] * 128 / 4096, "there are only 128 images"
    assert task.trained_recipe["rand_augment"] == task.recipe["rand_augment"] != ""
    assert task.data.num_train_images == 128


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 2},
        {"image_size": 40},
        {"stem_stride": 1},
        {"train_images": 100},
        {"test_images": 60},
        {"set": {"recipe.lr": 0.003}},
        {"set": {"recipe.stochastic_depth": 0.1}},
        {"set": {"arch.width": 8}},
    ],
    ids=str,
)
def test_run_ids_change_with_what_is_run(folder, options):
    assert not set(ids(tiny_request(folder))) & set(ids(tiny_request(folder, **options)))


def test_a_budget_changes_the_runs_that_it_trains_otherwise(folder):
    """Its name is no part of a run: at as many epochs two of them train alike."""
    smoke, short = (ids(tiny_request(folder, budget=budget)) for budget in ("smoke", "short"))
    assert smoke == short
    assert smoke[0] != ids(tiny_request(folder, budget="full", upto="base"))[0]


def test_what_is_set_is_trained_and_said(folder):
    settings = {"recipe.lr": 0.003, "recipe.betas": [0.9, 0.95], "arch.stem_norm": False}
    plan = plan_study(tiny_request(folder, set=settings))
    base, recipe = plan.tasks
    assert base.trained_recipe["lr"] == recipe.trained_recipe["lr"] == 0.003
    assert not base.model["arch"]["stem_norm"]
    assert not recipe.model["arch"]["stem_norm"]
    assert recipe.trained_recipe["betas"] == (0.9, 0.95)
    assert base.trained_recipe["betas"] == (0.9, 0.999), "SGD has none"
    assert recipe_changes(base)[-1] == "set by hand: arch.stem_norm = false at the base, recipe.lr = 0.003"
    assert "recipe.betas = [0.9, 0.95]" in recipe_changes(recipe)[-1]
    assert not any("learning rate 0" in change for change in recipe_changes(recipe))
    assert "recipe.lr: 0.1 -> 0.004" not in plan.study.entries[1].changes, "both rungs have the lr that was set"


def test_epochs_may_be_set_as_a_field(folder):
    by_field = plan_study(tiny_request(folder, epochs=None, set={"recipe.epochs": 3}))
    by_option = plan_study(tiny_request(folder, epochs=3))
    assert by_field.study.epochs == 3
    assert by_field.tasks[1].trained_recipe == by_option.tasks[1].trained_recipe, "with the same warmup"
    assert [task.run_id for task in by_field.tasks] == [task.run_id for task in by_option.tasks]


def test_setting_what_is_so_anyway_is_the_same_run(folder):
    task = plan_study(tiny_request(folder)).tasks[1]
    assert ids(tiny_request(folder, set={"recipe.lr": task.trained_recipe["lr"]}))[1] == task.run_id


def test_run_ids_change_with_the_images(folder):
    first = ids(tiny_request(folder))
    tiny_data(folder, seed=1)
    assert not set(first) & set(ids(tiny_request(folder)))


def test_two_rungs_that_train_alike_share_one_run(folder, own_registry):
    """A step whose only change the budget takes back."""
    own_registry.step("more-mixup", title="more mixup", section="-", after="recipe")(more_mixup)
    plan = plan_study(tiny_request(folder, upto="", only=("recipe", "more-mixup")))
    assert [rung.name for rung in plan.study.entries] == ["base", "recipe", "more-mixup"]
    assert plan.study.entries[1].run_ids == plan.study.entries[2].run_ids
    assert [task.entry.name for task in plan.tasks] == ["base", "recipe"]


def more_mixup(spec):
    """Mix more.

    Why: a test.
    Watch: nothing.
    Deviates: nothing.
    """
    return spec.with_recipe(mixup=0.9)


def test_a_data_set_smaller_than_the_budget_is_taken_whole():
    plan = plan_study(request_from(data="digits", upto="base"))
    assert (plan.tasks[0].data.num_train_images, plan.tasks[0].data.num_test_images) == (1297, 500)
    assert not plan.tasks[0].trained_recipe["horizontal_flip"], "a mirrored digit is another"


def test_a_large_data_set_is_not_read_whole(folder, monkeypatch):
    asked = []

    def watched(name, **options):
        asked.append((options["train_images"], options["test_images"]))
        return load_data(name, **options)

    monkeypatch.setattr(inputs, "load_data", watched)
    plan = plan_study(tiny_request(folder, train_images=100, test_images=50))
    assert asked == [(100, 50)]
    assert plan.tasks[0].source.train_images == 100


@pytest.fixture
def photos(tmp_path):
    for part, count in (("train", 8), ("val", 4), ("test", 3)):
        for name in ("ant", "bee"):
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            for k in range(count):
                Image.new("RGB", (9, 9), (k, 9, 9)).save(tmp_path / "photos" / part / name / f"{k}.png")
    return tmp_path / "photos"


def test_a_run_uses_the_images_that_the_data_set_says_it_has(photos):
    whole = load_data(f"folder:{photos}")
    data = plan_study(tiny_request(photos, data=f"folder:{photos}")).tasks[0].data
    assert (data.num_train_images, data.num_val_images, data.num_test_images) == (16, 8, 6)
    assert (data.num_val_images, data.fingerprint) == (len(whole.val), whole.fingerprint)


@pytest.mark.parametrize("image_size", [32, 128])
def test_a_broken_picture_is_named_where_there_are_fewer_than_the_budget_takes(
    photos, image_size, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (photos / "train" / "bee" / "5.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"train/bee/5\.png cannot be read as an image"):
        plan_study(tiny_request(photos, data=f"folder:{photos}", image_size=image_size))


def test_a_batch_is_no_larger_than_the_data(folder):
    task = plan_study(tiny_request(folder, train_images=10)).tasks[1]
    assert task.trained_recipe["batch_size"] == 10
    assert "batch 4096 -> 10; peak learning rate 0.004 -> 0.000625" in recipe_changes(task)[0]
    assert "too few training images for a batch of 64: it is 10, and the learning rate is cut in proportion" in (
        recipe_changes(task)
    )
    by_hand = plan_study(tiny_request(folder, train_images=10, set={"recipe.batch_size": 8})).tasks[1]
    assert (by_hand.trained_recipe["batch_size"], by_hand.trained_recipe["lr"]) == (8, 0.004)


def test_shapes_are_drawn_as_many_as_are_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plan = plan_study(request_from(data="shapes", upto="base", train_images=40, test_images=20))
    assert (plan.tasks[0].data.num_train_images, plan.tasks[0].data.num_test_images) == (40, 20)


def test_the_papers_regime_on_small_images(folder):
    plan = plan_study(tiny_request(folder, regime="resnet50", image_size=32, stem_stride=1, upto=""))
    assert len(plan.tasks) == 14
    assert plan.tasks[-1].model["arch"]["stem_stride"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regime": "resnet51"}, "unknown regime 'resnet51'. Did you mean 'resnet50'"),
        ({"upto": "lm"}, "unknown step 'lm'"),
        ({"budget": "smole"}, "Did you mean 'smoke'"),
        ({"data": "digit"}, "Did you mean 'digits'"),
        ({"image_size": 8, "upto": ""}, "image is too small"),
        ({"stem_stride": 3}, r"arch.stem_stride cannot be 3. Allowed: 1, 2, 4"),
        ({"name": "../../home"}, "cannot name a study"),
        ({"name": ".hidden"}, "cannot name a study"),
        ({"data": "npz:/nowhere/x.npz"}, "/nowhere/x.npz"),
        ({"train_images": 129}, r"--train-images is 129, but npz:.* has only 128"),
        ({"test_images": 65}, r"--test-images is 65, but npz:.* has only 64"),
        ({"set": {"recipe.warmup_epochs": 2.0}}, "recipe.warmup_epochs is 2, which leaves nothing of 1 epoch;"),
        ({"processes": 3}, "a batch of 64 images cannot be shared evenly by 3 processes"),
        ({"set": {"recipe.epochs": 3}}, "--epochs and --set recipe.epochs"),
        ({"set": {"arch.stem_stride": 1}, "stem_stride": 1}, "--stem-stride and --set arch.stem_stride"),
        ({"set": {"recipe.batch_size": 200}}, "recipe.batch_size is 200, but there are only 128"),
        ({"set": {"recipe.betas": [0.9, 0.95]}, "upto": "base"}, "recipe.betas is set, but no rung"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_together_is_one_line(folder, options, message):
    with pytest.raises(ModernizeError, match=message) as caught:
        plan_study(tiny_request(folder, **options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"upto_step": "ln"}, "unknown field 'upto_step'"),
        ({"epochs": "3"}, "epochs should be int, not '3'"),
        ({"seeds": 0}, "seeds should be a number .* not 0"),
        ({"train_images": -5}, "train_images should be from 1 to"),
        ({"jobs": -1}, "jobs should be from 0"),
        ({"skip": "ln"}, "skip should be a list"),
        ({"set": {"recipe.lrr": 1}}, "unknown field 'recipe.lrr'. Did you mean 'recipe.lr'"),
        ({"set": 3}, "set should be a table"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_request_is_one_line(options, message):
    with pytest.raises(ModernizeError, match=message):
        request_from(**options)


def test_one_class_is_no_classification(tmp_path):
    import numpy as np

    images, labels = np.zeros((4, 32, 32, 3), dtype=np.uint8), np.zeros(4, dtype=np.int64)
    np.savez(tmp_path / "tiny.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(ModernizeError, match=r"1 class|needs at least 2|at least two"):
        plan_study(tiny_request(tmp_path))
