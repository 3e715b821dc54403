"""Bundles: whole or not at all, and never damaged without a word."""

import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi import bundle as bundle_module
from guanxi.bundle import MANIFEST, Bundle, write_bundle
from guanxi.errors import DamagedError, StoreError
from strategies import quick

ARRAYS = {"one": np.arange(5, dtype=np.uint32), "none": np.zeros(0)}
TABLES = {"ids": pa.table({"id": ["ann", "bob"]})}


@pytest.fixture
def folder(tmp_path):
    return write_bundle(tmp_path, meta={"holds": "test"}, arrays=ARRAYS, tables=TABLES)


def test_bundle_gives_back_what_was_written(folder):
    bundle = Bundle.open(folder)
    assert bundle.meta == {"holds": "test"}
    assert bundle.array("one").tolist() == [0, 1, 2, 3, 4]
    assert bundle.array("none").shape == (0,)
    assert bundle.table("ids") == TABLES["ids"]
    assert [bundle.has(name) for name in ("one", "ids", "two")] == [True, True, False]
    assert bundle.n_bytes == sum(path.stat().st_size for path in folder.iterdir() if path.name != MANIFEST)


def test_arrays_are_read_only(folder):
    with pytest.raises(ValueError, match="read-only"):
        Bundle.open(folder).array("one")[0] = 7


def test_same_content_has_the_same_id_wherever_it_lies(folder, tmp_path):
    other = write_bundle(tmp_path / "other", meta={"holds": "test"}, arrays=ARRAYS, tables=TABLES)
    assert other.name == folder.name == Bundle.open(other).id
    assert {path.name: path.read_bytes() for path in other.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"meta": {"holds": "other"}},
        {"arrays": ARRAYS | {"one": np.arange(5, dtype=np.int64)}},
        {"arrays": ARRAYS | {"two": np.zeros(1)}},
        {"tables": {"ids": pa.table({"id": ["ann", "eve"]})}},
    ],
)
def test_other_content_has_another_id(folder, tmp_path, change):
    content = {"meta": {"holds": "test"}, "arrays": ARRAYS, "tables": TABLES} | change
    assert write_bundle(tmp_path, **content).name != folder.name


def test_writing_twice_leaves_one_bundle_and_no_drafts(folder, tmp_path):
    again = write_bundle(tmp_path, meta={"holds": "test"}, arrays=ARRAYS, tables=TABLES)
    assert again == folder
    assert list(tmp_path.iterdir()) == [folder]


# -- damage -----------------------------------------------------------------------------------------------------------


def flip(path, at):
    octets = bytearray(path.read_bytes())
    octets[at] ^= 1
    path.write_bytes(octets)


@given(st.data())
@quick(40)
def test_any_flipped_bit_is_found(tmp_path_factory, data):
    folder = write_bundle(tmp_path_factory.mktemp("b"), meta={"holds": "test"}, arrays=ARRAYS, tables=TABLES)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    flip(path, data.draw(st.integers(0, path.stat().st_size - 1)))
    try:
        opened = Bundle.open(folder)
    except DamagedError as exc:
        assert folder.name in str(exc)  # noqa: PT017 - white space in the manifest says nothing
    else:
        assert path.name == MANIFEST
        assert (opened.id, opened.meta) == (folder.name, {"holds": "test"})


def test_truncated_file_is_refused_even_unverified(folder):
    os.truncate(folder / "one.npy", 100)
    with pytest.raises(DamagedError, match=r"one.npy has 100 bytes, not 148 bytes"):
        Bundle.open(folder, verify=False)


def test_missing_file_is_refused(folder):
    (folder / "ids.arrow").unlink()
    with pytest.raises(DamagedError, match=r"ids.arrow is missing"):
        Bundle.open(folder)


def test_flipped_byte_is_refused_by_its_checksum(folder):
    flip(folder / "one.npy", 130)
    with pytest.raises(DamagedError, match=r"the checksum of one.npy is wrong"):
        Bundle.open(folder)


@pytest.mark.parametrize("edit", [{"meta": {"holds": "lies"}}, {"id": "0" * 16}, {"files": {}}])
def test_edited_manifest_is_refused(folder, edit):
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | edit))
    with pytest.raises(DamagedError, match=r"manifest.json was changed after it was written"):
        Bundle.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\xff"])
def test_manifest_that_is_none_is_refused(folder, text):
    (folder / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedError, match=r"manifest.json cannot be read"):
        Bundle.open(folder)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DamagedError, match="nowhere"):
        Bundle.open(tmp_path / "nowhere")


def test_damaged_bundle_is_replaced_when_it_is_built_again(folder, tmp_path):
    flip(folder / "one.npy", 130)
    write_bundle(tmp_path, meta={"holds": "test"}, arrays=ARRAYS, tables=TABLES)
    assert Bundle.open(folder).array("one").tolist() == [0, 1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == [folder]


# -- publishing -------------------------------------------------------------------------------------------------------


def test_write_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        write_bundle(tmp_path, meta={}, arrays={"a": np.ones(3), "b": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


def test_parent_that_is_a_file_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write below .*file"):
        write_bundle(tmp_path / "file", meta={}, arrays=ARRAYS)


def test_open_bundle_stays_readable_after_it_is_removed(folder):
    bundle = Bundle.open(folder)
    array, table = bundle.array("one"), bundle.table("ids")
    shutil.rmtree(folder)
    assert array.tolist() == [0, 1, 2, 3, 4]
    assert table["id"].to_pylist() == ["ann", "bob"]


# -- files that were found right before --------------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch):
    """Names of the files whose checksums are computed."""
    names, real = [], bundle_module._file_hash
    monkeypatch.setattr(bundle_module, "_file_hash", lambda path: names.append(path.name) or real(path))
    return names


@pytest.fixture
def old_folder(folder):
    """Written long ago, as far as the file system says."""
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    if not can_note(folder / MANIFEST):
        pytest.skip("the file system keeps no extended attributes")
    return folder


def can_note(path):
    try:
        os.setxattr(path, "user.guanxi.test", b"1")
    except (OSError, AttributeError):
        return False
    return True


def test_unchanged_files_are_read_once(old_folder, hashed):
    for _ in range(3):
        Bundle.open(old_folder)
    assert sorted(hashed) == ["ids.arrow", "none.npy", "one.npy"]


def test_doctor_reads_every_file_again(old_folder, hashed):
    Bundle.open(old_folder)
    Bundle.open(old_folder, thorough=True)
    assert len(hashed) == 6


def test_file_that_was_changed_after_it_was_found_right_is_refused(old_folder):
    Bundle.open(old_folder)
    flip(old_folder / "one.npy", 130)
    with pytest.raises(DamagedError, match=r"the checksum of one.npy is wrong"):
        Bundle.open(old_folder)


def test_file_found_right_just_after_it_was_written_is_read_again(folder, hashed):
    Bundle.open(folder)
    Bundle.open(folder)
    assert len(hashed) == 6


def test_copy_of_a_file_is_read_for_itself(old_folder, tmp_path, hashed):
    Bundle.open(old_folder)
    shutil.copytree(old_folder, tmp_path / "copy")
    hashed.clear()
    Bundle.open(tmp_path / "copy")
    assert len(hashed) == 3
