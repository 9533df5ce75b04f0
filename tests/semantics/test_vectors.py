import pickle
from pathlib import Path

import numpy as np
import pytest

from pcmsn.errors import SemanticsError
from pcmsn.semantics.vectors import (
    ClassVectors,
    concatenate,
    load_class_vectors,
    read_class_vectors,
    write_class_vectors,
)


def vectors(**rows: list[float]) -> ClassVectors:
    return ClassVectors(tuple(rows), np.array(list(rows.values()), dtype=np.float32), ("test",))


def save_released(path: Path, content: object) -> None:
    """As the released files were made: np.save of a dict."""
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


def test_vectors_come_in_the_order_asked_for() -> None:
    assert vectors(ant=[1, 2], bee=[3, 4]).of(["bee", "ant", "bee"]).tolist() == [[3, 4], [1, 2], [3, 4]]


def test_a_class_without_a_vector_is_named_with_near_misses() -> None:
    with pytest.raises(SemanticsError, match="no vector in test for 1 of the classes: 'bees' .did you mean 'bee'"):
        vectors(ant=[1], bee=[2]).of(["ant", "bees"])


def test_separators_alone_do_not_make_another_class() -> None:
    assert vectors(table_lamp=[1], floor_lamp=[2]).of(["tablelamp"]).tolist() == [[1]]


def test_a_spelling_that_fits_two_classes_fits_none() -> None:
    with pytest.raises(SemanticsError, match="'tablelamp'"):
        vectors(**{"table_lamp": [1], "table-lamp": [2]}).of(["tablelamp"])


def test_sources_are_joined_in_sorted_order_by_name_not_by_row(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "word.npz", ["bee", "ant"], np.array([[2.0], [1.0]]))
    write_class_vectors(tmp_path / "tree.npz", ["ant", "bee"], np.array([[10.0, 11.0], [20.0, 21.0]]))
    joined = load_class_vectors(tmp_path, ["word", "tree"])
    assert joined.sources == ("tree", "word")
    assert joined.of(["ant", "bee"]).tolist() == [[10, 11, 1], [20, 21, 2]]


def test_a_source_named_twice_is_joined_twice(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "tree.npz", ["ant"], np.array([[10.0, 11.0]]))
    assert load_class_vectors(tmp_path, ["tree", "tree"]).dim == 4


def test_a_released_file_is_read(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.array([1.0, 2.0]), "bee": np.array([3.0, 4.0])})
    assert read_class_vectors(tmp_path / "w.npy").of(["bee"]).tolist() == [[3, 4]]


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("__import__('pathlib').Path('/tmp/pcmsn-was-here').touch()",))


@pytest.mark.parametrize("content", [{"ant": Hostile()}, Hostile(), {"ant": np.array([Hostile()], dtype=object)}])
def test_a_pickle_that_asks_for_anything_else_is_refused_and_not_run(tmp_path: Path, content: object) -> None:
    save_released(tmp_path / "w.npy", content)
    with pytest.raises(SemanticsError, match=r"its pickle asks for builtins\.eval"):
        read_class_vectors(tmp_path / "w.npy")
    assert not Path("/tmp/pcmsn-was-here").exists()


def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.array([1.0, 2.0])})
    content = (tmp_path / "w.npy").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "cut.npy").write_bytes(content[:length])
        with pytest.raises(SemanticsError, match="can not be read as class vectors"):
            read_class_vectors(tmp_path / "cut.npy")


def test_vectors_of_different_lengths_are_refused(tmp_path: Path) -> None:
    save_released(tmp_path / "w.npy", {"ant": np.ones(3), "bee": np.ones(2), "cat": np.ones(3)})
    with pytest.raises(SemanticsError, match="the vector of 'bee' has 2 elements, the others have 3"):
        read_class_vectors(tmp_path / "w.npy")


def test_an_npz_of_another_kind_says_what_it_lacks(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", names=np.array(["ant"]))
    with pytest.raises(SemanticsError, match="lacks the array vectors"):
        read_class_vectors(tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", names=np.array(["ant"]), vectors=np.ones((2, 3)))
    with pytest.raises(SemanticsError, match=r"1 names for vectors of shape \(2, 3\)"):
        read_class_vectors(tmp_path / "w.npz")


def test_not_a_number_is_refused() -> None:
    with pytest.raises(SemanticsError, match="the vectors of 'bee' hold NaN or infinity"):
        vectors(ant=[1], bee=[float("nan")])


def test_a_missing_source_lists_what_is_there(tmp_path: Path) -> None:
    write_class_vectors(tmp_path / "hieremb-jcn.npz", ["ant"], np.ones((1, 2)))
    with pytest.raises(SemanticsError, match="no side information 'hieremb-jnc' in .* .did you mean 'hieremb-jcn'"):
        load_class_vectors(tmp_path, ["hieremb-jnc"])
    with pytest.raises(SemanticsError, match="no folder .*Point --semantics-root"):
        load_class_vectors(tmp_path / "nowhere", ["hieremb-jcn"])


def test_joining_nothing_is_an_error() -> None:
    with pytest.raises(SemanticsError, match="no side information was named"):
        concatenate([])


def test_joining_keeps_the_classes_that_all_parts_have() -> None:
    assert concatenate([vectors(ant=[1], bee=[2]), vectors(bee=[3])]).names == ("bee",)


def test_the_published_files_have_the_published_lengths(shared: Path) -> None:
    sketchy = load_class_vectors(shared / "semantics" / "Sketchy", ["word2vec-google-news", "hieremb-jcn"])
    assert (len(sketchy.names), sketchy.dim) == (125, 654)
    assert sketchy.sources == ("hieremb-jcn", "word2vec-google-news")
    raw = np.load(shared / "semantics" / "Sketchy" / "hieremb-jcn.npy", allow_pickle=True).item()
    assert np.allclose(sketchy.of(["cup"])[0, :354], raw["cup"])
    berlin = load_class_vectors(shared / "semantics" / "TU-Berlin", ["word2vec-google-news", "hieremb-path"])
    assert (len(berlin.names), berlin.dim) == (250, 964)


def test_python_2_style_protocols_are_read(tmp_path: Path) -> None:
    array = np.array({"ant": np.array([1.5, 2.5])}, dtype=object)
    for protocol in (2, 3, 4):
        with (tmp_path / "w.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
            pickle.dump(array, file, protocol=protocol)
        assert read_class_vectors(tmp_path / "w.npy").of(["ant"]).tolist() == [[1.5, 2.5]]
