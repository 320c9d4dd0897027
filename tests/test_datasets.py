"""The catalogue, subsets, digits and arrays in a file."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from modernize.datasets import DATASETS, load_data
from modernize.datasets.data_request import DataRequest
from modernize.errors import DataError, ModernizeError


def one_line(error: pytest.ExceptionInfo[ModernizeError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def write_npz(path: Path, drop: tuple[str, ...] = (), **changes) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8),
        "y_train": np.arange(30) % 3,
        "x_test": rng.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8),
        "y_test": np.arange(12) % 3,
        "class_names": np.array(["ant", "bee", "cat"]),
    }
    arrays = {key: value for key, value in (arrays | changes).items() if key not in drop}
    np.savez(path, **arrays)
    return path


def test_listing_data_sets_imports_neither_numpy_nor_torch():
    code = (
        "import sys; from modernize.datasets import DATASETS; [info.title for info in DATASETS.values()];"
        "sys.exit(bool({'numpy', 'torch', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_arrays_load_without_torch(tmp_path):
    code = (
        "import sys; from pathlib import Path; from modernize.datasets import load_data;"
        f"load_data('shapes', train_images=10, test_images=10, cache=Path({str(tmp_path)!r}));"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_data_set_says_what_it_is():
    for kind, info in DATASETS.items():
        assert info.usage.partition(":")[0] == kind
        assert info.title
        assert info.about
        assert info.source
    assert not DATASETS["shapes"].needs_download
    assert DATASETS["cifar10"].needs_download


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shape", "Did you mean 'shapes'?"),
        ("CIFAR10", "Did you mean 'cifar10'?"),
        ("nonsense:x", "unknown data set 'nonsense:x'"),
        ("", "unknown data set ''"),
        ("folder", "write folder:PATH"),
        ("npz:", "write npz:PATH"),
        ("shapes:x", "takes no path"),
    ],
)
def test_wrong_names_are_explained(name, said):
    with pytest.raises(ModernizeError) as error:
        load_data(name)
    assert said in one_line(error)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image_size": 4}, "image size is 4"),
        ({"train_images": 0}, "0 training images"),
        ({"test_images": -3}, "-3 test images"),
        ({"train_images": 10**8}, "GB of memory"),
    ],
)
def test_wrong_options_are_explained(options, said, tmp_path):
    with pytest.raises(ModernizeError) as error:
        load_data("shapes", cache=tmp_path, **options)
    assert said in one_line(error)


def test_as_much_is_loaded_as_was_asked_for(tmp_path):
    data = load_data("shapes", image_size=8, train_images=20, test_images=10, cache=tmp_path)
    assert (data.num_classes, len(data.train), len(data.test), data.image_size) == (10, 20, 10, 8)
    assert data.val is None


def labels_of(counts: dict[int, int]) -> np.ndarray:
    labels = np.repeat(list(counts), list(counts.values())).astype(np.int64)
    return labels[np.random.default_rng(1).permutation(len(labels))]


def subset(labels: np.ndarray, count: int | None, seed: int = 0) -> np.ndarray:
    return DataRequest(name="set", kind="npz", train_images=count, seed=seed).choose(labels, "train")


def test_a_subset_keeps_the_proportions_of_the_classes():
    labels = labels_of({0: 100, 1: 50, 2: 50})
    assert np.bincount(labels[subset(labels, 40)]).tolist() == [20, 10, 10]
    assert np.bincount(labels[subset(labels_of({0: 50, 1: 50}), 31)], minlength=2).sum() == 31
    balanced = labels_of(dict.fromkeys(range(10), 30))
    assert np.bincount(balanced[subset(balanced, 50)]).tolist() == [5] * 10


def test_subsets_are_seeded_and_nested():
    labels = labels_of({0: 60, 1: 40})
    small, large = subset(labels, 20), subset(labels, 50)
    assert set(small) < set(large)
    assert (np.diff(large) > 0).all()
    np.testing.assert_array_equal(small, subset(labels, 20))
    assert set(small) != set(subset(labels, 20, seed=1))


def test_a_subset_skips_labels_that_do_not_occur():
    labels = np.array([0, 2, 2, 0, 5, 5], dtype=np.int64)
    assert sorted(labels[subset(labels, 3)]) == [0, 2, 5]


def test_a_subset_holds_at_most_what_there_is(tmp_path):
    path = write_npz(tmp_path / "a.npz")
    more = load_data(f"npz:{path}", image_size=8, train_images=31, test_images=13)
    assert more.fingerprint == load_data(f"npz:{path}", image_size=8).fingerprint


def test_npz_is_read_as_it_is(tmp_path):
    path = write_npz(tmp_path / "a.npz")
    arrays = load_data(f"npz:{path}", image_size=8)
    with np.load(path) as file:
        np.testing.assert_array_equal(arrays.train.images_nhwc, file["x_train"])
        np.testing.assert_array_equal(arrays.test.labels, file["y_test"])
    assert arrays.class_names == ("ant", "bee", "cat")
    assert arrays.name == f"npz:{path}"


def test_npz_is_resized_only_where_needed(tmp_path):
    path = write_npz(tmp_path / "a.npz", x_test=np.full((12, 10, 20, 3), 77, dtype=np.uint8))
    arrays = load_data(f"npz:{path}", image_size=16)
    assert arrays.train.images_nhwc.shape == (30, 16, 16, 3)
    assert (arrays.test.images_nhwc == 77).all()


def test_npz_may_hold_a_validation_split(tmp_path):
    x_val = np.full((6, 8, 8, 3), 5, np.uint8)
    path = write_npz(tmp_path / "a.npz", x_val=x_val, y_val=np.arange(6) % 2, drop=("class_names",))
    arrays = load_data(f"npz:{path}", image_size=8)
    np.testing.assert_array_equal(arrays.val.images_nhwc, x_val)
    assert arrays.val.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert "on its val split after each epoch" in arrays.note
    assert len(load_data(f"npz:{path}", image_size=8, test_images=4).val) == 4
    without = load_data(f"npz:{write_npz(tmp_path / 'b.npz', drop=('class_names',))}", image_size=8)
    assert without.val is None
    assert arrays.fingerprint != without.fingerprint


def test_a_class_may_not_occur_in_val_alone(tmp_path):
    val = {"x_val": np.zeros((2, 8, 8, 3), np.uint8), "y_val": np.array([0, 4])}
    path = write_npz(tmp_path / "a.npz", drop=("class_names",), **val)
    with pytest.raises(DataError, match="y_val has the label 4, a class that y_train lacks"):
        load_data(f"npz:{path}", image_size=8)


def test_a_class_may_have_a_name_and_no_image(tmp_path):
    path = write_npz(tmp_path / "a.npz", class_names=np.array(["ant", "bee", "cat", "dodo"]))
    assert load_data(f"npz:{path}", image_size=8).num_classes == 4


def test_grey_images_and_columns_of_labels_are_read_as_keras_writes_them(tmp_path):
    grey = np.random.default_rng(3).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    column = (np.arange(30, dtype=np.uint8) % 3)[:, None]
    path = write_npz(tmp_path / "mnist.npz", x_train=grey, y_train=column, x_test=grey[..., None], y_test=column)
    arrays = load_data(f"npz:{path}", image_size=28)
    for channel in range(3):
        np.testing.assert_array_equal(arrays.train.images_nhwc[..., channel], grey)
        np.testing.assert_array_equal(arrays.test.images_nhwc[..., channel], grey)
    assert arrays.train.labels.tolist() == column.ravel().tolist()


def test_a_data_set_without_val_keeps_its_fingerprint(tmp_path):
    path = write_npz(tmp_path / "a.npz")
    assert load_data(f"npz:{path}", image_size=8).fingerprint == "3ec63b0bdbe6b894"


def test_npz_without_class_names_numbers_them(tmp_path):
    path = write_npz(tmp_path / "a.npz", drop=("class_names",))
    assert load_data(f"npz:{path}", image_size=8).class_names == ("0", "1", "2")


def test_the_note_of_an_npz_file_reaches_reports(tmp_path):
    path = write_npz(tmp_path / "a.npz", note=np.array("drawn by hand,\n two images twice"))
    assert load_data(f"npz:{path}", image_size=8).note == "images of the file a.npz: drawn by hand, two images twice"


def test_npz_subset_pairs_images_with_their_labels(tmp_path):
    labels = np.arange(30) % 3
    images = np.broadcast_to(labels.astype(np.uint8)[:, None, None, None], (30, 8, 8, 3))
    path = write_npz(tmp_path / "a.npz", x_train=images, y_train=labels)
    arrays = load_data(f"npz:{path}", image_size=8, train_images=12)
    np.testing.assert_array_equal(arrays.train.images_nhwc[:, 0, 0, 0], arrays.train.labels)


@pytest.mark.parametrize(
    ("drop", "changes", "said"),
    [
        ((), {"x_val": np.zeros((12, 8, 8, 3), np.uint8)}, "lacks y_val"),
        ((), {"x_val": np.zeros((2, 8), np.uint8), "y_val": np.zeros(2, int)}, "x_val should be uint8"),
        (("y_test",), {}, "lacks y_test; it holds x_train, y_train, x_test, class_names"),
        ((), {"x_train": np.zeros((30, 8, 8, 3), np.float32)}, "not float32 (30, 8, 8, 3)"),
        ((), {"x_test": np.zeros((12, 3, 8, 8), np.uint8)}, "x_test should be uint8 (n, h, w, 3)"),
        ((), {"y_train": np.zeros(30, np.float64)}, "y_train should be integers"),
        ((), {"y_train": np.zeros((30, 2), np.int64)}, "y_train should be integers (n,)"),
        ((), {"y_train": np.zeros(29, np.int64)}, "30 images, but y_train has 29 labels"),
        ((), {"y_test": np.full(12, 3)}, "labels from 3 to 3; 0 to 2 is allowed"),
        ((), {"y_test": np.full(12, -1)}, "labels from -1 to -1"),
        ((), {"x_test": np.zeros((0, 8, 8, 3), np.uint8), "y_test": np.zeros(0, np.int64)}, "x_test is empty"),
        ((), {"note": np.array(["one", "two"])}, "note should be one string"),
        ((), {"class_names": np.array([1, 2, 3])}, "class_names should be a list of strings"),
        ((), {"y_train": np.array([{}] * 30, dtype=object)}, "y_train is an array of Python objects"),
        ((), {"class_names": np.array(["ant", "bee", "cat"], dtype=object)}, "class_names is an array of Python obj"),
        ((), {"y_test": np.full(12, 2**64 - 1, np.uint64)}, "labels from 18446744073709551615 to 184467440737"),
        (
            ("class_names",),
            {"y_train": np.arange(30) % 3 * 100_000},
            "3 different labels, from 0 to 200000; they should",
        ),
        (("class_names",), {"y_train": np.full(30, 10**9)}, "1 different labels, from 1000000000 to 1000000000"),
        (("class_names",), {"y_test": np.full(12, 7)}, "y_test has the label 7, a class that y_train lacks"),
        ((), {"y_train": np.arange(30) % 2}, "y_test has the label 2, a class that y_train lacks"),
    ],
)
def test_wrong_npz_files_are_explained(tmp_path, drop, changes, said):
    path = write_npz(tmp_path / "a.npz", drop=drop, **changes)
    with pytest.raises(DataError) as error:
        load_data(f"npz:{path}", image_size=8)
    assert said in one_line(error)
    assert str(path) in one_line(error)


def test_files_that_are_no_npz_are_explained(tmp_path):
    text, single, cut = tmp_path / "text.npz", tmp_path / "single.npy", tmp_path / "cut.npz"
    text.write_text("hello")
    np.save(single, np.zeros(3))
    cut.write_bytes(write_npz(tmp_path / "a.npz").read_bytes()[:3000])
    flipped = bytearray((tmp_path / "a.npz").read_bytes())
    flipped[2000] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    for name, said in {
        "none.npz": "is not a file",
        "text.npz": "is not an .npz file",
        "single.npy": "is not an .npz file",
        "cut.npz": "damaged",
        "flipped.npz": "damaged",
    }.items():
        with pytest.raises(DataError) as error:
            load_data(f"npz:{tmp_path / name}", image_size=8)
        assert said in one_line(error)
        assert name in one_line(error)


def npy(shape: tuple[int, ...], dtype: str = "|u1") -> bytes:
    """What numpy writes for an array of that shape, but for its content."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(100)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x_train.npy", npy((10**9, 32, 32, 3)), "x_train does not have the size that its header claims"),
        ("y_train.npy", npy((10**12,), "<i8"), "y_train does not have the size that its header claims"),
        ("class_names.npy", npy((10**12,), "<U9"), "class_names does not have the size"),
        ("x_train.npy", b"hello", "x_train is not an array"),
        ("x_train", b"", "x_train is not an array"),
        ("y_train.npy", npy((10,))[:50], "damaged"),
    ],
)
def test_a_member_that_is_not_what_it_claims_costs_no_memory(tmp_path, name, content, said):
    whole, path = write_npz(tmp_path / "whole.npz"), tmp_path / "a.npz"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            if member.removesuffix(".npy") != name.removesuffix(".npy"):
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    with pytest.raises(DataError) as error:
        load_data(f"npz:{path}", image_size=8)
    assert said in one_line(error)
    assert str(path) in one_line(error)


def test_arrays_that_would_fill_the_memory_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = write_npz(tmp_path / "a.npz")
    monkeypatch.setattr("modernize.datasets.npz.MAX_BYTES", 8_000)
    monkeypatch.setattr("modernize.datasets.npz.Archive.read", None)
    with pytest.raises(DataError, match=r"a\.npz would take .* GB of memory"):
        load_data(f"npz:{path}", image_size=8)


def test_no_flipped_bit_of_an_npz_file_passes_unnoticed(tmp_path, tried):
    path = write_npz(tmp_path / "a.npz", note=np.array("a note"))
    whole, right = path.read_bytes(), load_data(f"npz:{path}", image_size=8)
    with zipfile.ZipFile(path) as file:
        headers = [info.header_offset + k for info in file.infolist() for k in range(0, 180, 3)]
        directory = range(file.start_dir, len(whole))
    said: list[str] = []
    positions = {*headers, *directory, *range(1000, len(whole), 997)}
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            read = load_data(f"npz:{path}", image_size=8)
        except DataError as error:
            said.append(str(error))
        else:
            assert (read.fingerprint, read.note) == (right.fingerprint, right.note)
    assert len(said) > 400
    tried(len(positions), "bits flipped")
    assert all(str(path) in message and "\n" not in message for message in said)


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_a_path_that_the_system_refuses_is_explained(tmp_path, kind):
    with pytest.raises(DataError, match=r"cannot be read: .*too long") as error:
        load_data(f"{kind}:{tmp_path / ('x' * 300)}", image_size=8)
    assert "\n" not in str(error.value)


def test_the_digits_are_split_once_and_for_all():
    first = load_data("digits", image_size=16)
    second = load_data("digits", image_size=16, seed=9)
    assert first.fingerprint == second.fingerprint
    assert len(first.train.labels) == 1297
    assert len(first.test.labels) == 500
    assert first.train.images_nhwc.shape[1:] == (16, 16, 3)
    counts = np.bincount(first.test.labels)
    assert counts.max() - counts.min() <= 3
    assert "smoke" in first.note


def test_the_digits_are_read_right():
    arrays = load_data("digits", image_size=8, train_images=200, test_images=50)
    images = arrays.train.images_nhwc
    assert images.max() == 255
    assert (images[..., 0] == images[..., 2]).all()
    assert images[arrays.train.labels == 0][:, 3:5, 3:5].mean() < 60, "zeros have a hole"
    assert images[arrays.train.labels == 1][:, 3:5, 3:5].mean() > 150, "ones do not"
    assert len(arrays.test.labels) == 50


def test_the_digits_enlarged_beyond_memory_are_refused(monkeypatch):
    monkeypatch.setattr("modernize.datasets.data_request.MAX_BYTES", 100_000)
    with pytest.raises(DataError, match="1797 images of digits at 8 px would take"):
        load_data("digits", image_size=8)
