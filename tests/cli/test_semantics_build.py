"""``pcmsn semantics build`` as a user types it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pcmsn.cli.app import app
from pcmsn.data.splits import published_split
from pcmsn.semantics.class_synsets import class_synsets, packaged_overrides
from pcmsn.semantics.hierarchy import MEASURES, hierarchical_vectors
from pcmsn.semantics.vectors import load_class_vectors, read_class_vectors


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def build(*arguments: str | Path) -> Result:
    words = ["semantics", "build", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb"})


def built(*arguments: str | Path) -> dict[str, object]:
    result = build(*arguments, "--json")
    assert result.exit_code == 0, result.output + str(result.exception)
    found: dict[str, object] = json.loads(result.stdout)
    return found


def write_glove(path: Path, words: str) -> Path:
    """Word number n is (n, n * n)."""
    path.write_text("".join(f"{word} {n} {n * n}\n" for n, word in enumerate(words.split())))
    return path


def test_a_benchmarks_vectors_stand_where_training_looks_for_them(tmp_path: Path) -> None:
    found = built("--dataset", "Sketchy", "--measure", "path")
    assert found["file"] == "dataset/Sketchy/hieremb-path.npz"
    assert (found["classes"], found["dimensions"], found["nodes"]) == (125, 354, 354)
    vectors = load_class_vectors(tmp_path / "dataset" / "Sketchy", ["hieremb-path"])
    names = published_split("Sketchy", "sem-pcyc").classes
    expected = hierarchical_vectors(class_synsets(names, overrides=packaged_overrides("Sketchy")), "path")
    assert vectors.names == names == expected.names
    assert np.array_equal(vectors.values, expected.vectors.astype(np.float32))
    assert vectors.origins == (found["source"],) and vectors.fingerprints == (found["fingerprint"],)
    with np.load(tmp_path / "dataset" / "Sketchy" / "hieremb-path.npz") as archive:
        assert tuple(archive["nodes"]) == expected.nodes


def test_sketchys_path_vectors_are_the_published_ones_up_to_the_order_of_columns(shared: Path, tmp_path: Path) -> None:
    built("--dataset", "Sketchy", "--measure", "path")
    ours = read_class_vectors(tmp_path / "dataset" / "Sketchy" / "hieremb-path.npz")
    theirs = read_class_vectors(shared / "semantics" / "Sketchy" / "hieremb-path.npy").of(ours.names)
    columns = [sorted(tuple(np.round(column, 5)) for column in matrix.T) for matrix in (ours.values, theirs)]
    assert columns[0] == columns[1]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_builds_from_a_file_of_synsets(tmp_path: Path, measure: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"a": "cat.n.01", "b": "dog.n.01"}))
    found = built("--synsets", "s.json", "--measure", measure, "--out", "x.npz")
    assert str(found["source"]).startswith(f"{measure} similarity in WordNet 3.0")
    assert str(found["source"]).endswith("synsets from s.json")
    expected = hierarchical_vectors({"a": "cat.n.01", "b": "dog.n.01"}, measure)
    with np.load(tmp_path / "x.npz") as archive:
        assert np.array_equal(archive["vectors"], expected.vectors)


def test_an_information_content_file_is_used_and_named(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"a": "cat.n.01", "b": "dog.n.01"}))
    (tmp_path / "ic.dat").write_text("wnver::x\n1740n 100 ROOT\n2121620n 5\n2084071n 20\n")
    found = built("--synsets", "s.json", "--measure", "lin", "--information-content", "ic.dat", "--out", "x.npz")
    default = built("--synsets", "s.json", "--measure", "lin", "--out", "y.npz")
    assert "ic.dat" in str(found["source"]) and "SemCor" in str(default["source"])
    assert found["fingerprint"] != default["fingerprint"]


def test_classes_take_their_first_senses_and_those_with_several_are_shown(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("# mine\ncrane\nteapot\n")
    result = build("--classes", "c.txt", "--measure", "path", "--out", "x.npz")
    assert "1 class has several senses and took the first: crane (crane.n.01)." in result.output
    assert "pcmsn semantics senses --classes c.txt" in result.output
    (tmp_path / "names.toml").write_text('[synsets]\ncrane = "crane.n.04"\n')
    chosen = built("--classes", "c.txt", "--measure", "path", "--names", "names.toml", "--out", "x.npz")
    assert chosen["synsets"] == {"crane": "crane.n.04", "teapot": "teapot.n.01"}
    assert (chosen["first_of_several_senses"], chosen["notes"]) == ([], [])


def test_a_data_sets_senses_count_for_a_list_of_classes_too(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("crane_(machine)\ncup\n")
    (tmp_path / "names.toml").write_text('[synsets]\ncup = "cup.n.08"\n')
    options = ("--classes", "c.txt", "--dataset", "TU-Berlin", "--measure", "wup")
    assert built(*options)["synsets"] == {"crane_(machine)": "crane.n.04", "cup": "cup.n.01"}
    found = built(*options, "--names", "names.toml")
    assert found["synsets"] == {"crane_(machine)": "crane.n.04", "cup": "cup.n.08"}
    assert found["file"] == "dataset/TU-Berlin/hieremb-wup.npz"


def test_word_vectors_follow_the_phrase_rule_and_say_so(tmp_path: Path) -> None:
    write_glove(tmp_path / "w.txt", "the cup hot air balloon hot_air trombone")
    (tmp_path / "c.txt").write_text("cup\nhot_air\nair_balloon\ntromobone\n")
    found = built("--classes", "c.txt", "--word-vectors", "w.txt", "--spelling", "tromobone=trombone", "--out", "x.npz")
    vectors = read_class_vectors(tmp_path / "x.npz")
    assert vectors.values.tolist() == [[1, 1], [5, 25], [3.5, 12.5], [6, 36]]
    assert found["entries"] == {
        "cup": ["cup"], "hot_air": ["hot_air"], "air_balloon": ["air", "balloon"], "tromobone": ["trombone"],
    }  # fmt: skip
    size = (tmp_path / "w.txt").stat().st_size
    assert found["source"] == f"GloVe text w.txt ({size} bytes), means of words, tromobone as 'trombone'"
    assert found["notes"] == ["1 class is the mean of its words: air_balloon."]


def test_words_that_are_missing_stop_with_the_near_misses_and_nothing_is_written(tmp_path: Path) -> None:
    write_glove(tmp_path / "w.txt", "the cup trombone")
    (tmp_path / "c.txt").write_text("cup\ntromobone\n")
    result = build("--classes", "c.txt", "--word-vectors", "w.txt", "--out", "x.npz")
    assert "'tromobone': no 'tromobone' (near 'trombone')" in str(result.exception)
    assert not (tmp_path / "x.npz").exists()


def test_spellings_of_names_toml_count_and_the_command_line_wins(tmp_path: Path) -> None:
    write_glove(tmp_path / "w.txt", "the cup mug bear animal")
    (tmp_path / "c.txt").write_text("beaker\nbear_(animal)\n")
    (tmp_path / "names.toml").write_text('[spellings]\nbeaker = "cup"\n"not here" = "x"\n')
    options = ("--classes", "c.txt", "--word-vectors", "w.txt", "--names", "names.toml", "--out", "x.npz")
    assert built(*options)["entries"] == {"beaker": ["cup"], "bear_(animal)": ["bear", "animal"]}
    assert built(*options, "--dataset", "TU-Berlin")["entries"] == {"beaker": ["cup"], "bear_(animal)": ["bear"]}
    assert built(*options, "--spelling", "beaker=mug")["entries"] == {
        "beaker": ["mug"], "bear_(animal)": ["bear", "animal"],
    }  # fmt: skip
    assert "a spelling for 'beeker', not one" in str(build(*options, "--spelling", "beeker=mug").exception)
    (tmp_path / "names.toml").write_text('[spelling]\nbeaker = "cup"\n')
    assert "unknown key 'spelling' (did you mean 'spellings'?)" in str(build(*options).exception)
    (tmp_path / "names.toml").write_text("[spellings]\nbeaker = 3\n")
    assert '[spellings] must hold "class" = "words to look up"' in str(build(*options).exception)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("GoogleNews-vectors-negative300.bin", "word2vec-google-news"),
        ("GoogleNews-vectors-negative300.bin.gz", "word2vec-google-news"),
        ("glove.6B.300d.txt", "glove-wiki-gigaword"),
        ("wiki-news-300d-1M.vec", "wiki-news-300d-1M"),
        ("glove.840B.300d.txt", "glove.840B.300d"),
    ],
)
def test_the_usual_files_get_the_names_that_the_presets_ask_for(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "c.txt").write_text("cup\n")
    content = b"1 2\ncup " + np.ones(2, dtype="<f4").tobytes()
    (tmp_path / file).write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
    found = built("--classes", "c.txt", "--dataset", "Sketchy", "--word-vectors", file)
    assert found["file"] == f"dataset/Sketchy/{name}.npz"


def test_a_text_model_builds_from_a_folder(tmp_path: Path) -> None:
    import transformers

    from pcmsn.seeding import seeded_torch

    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cup", "dog", "a"]))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    with seeded_torch(0, "test"):
        transformers.BertModel(config).save_pretrained(folder)
    (tmp_path / "c.txt").write_text("cup\ndog\n")
    options = ("--classes", "c.txt", "--text-model", str(folder))
    found = built(*options, "--dataset", "Sketchy")
    assert (found["file"], found["dimensions"]) == ("dataset/Sketchy/tiny-bert.npz", 8)
    assert "of tiny-bert (weights " in str(found["source"])
    other = built(*options, "--template", "a {}", "--out", "x.npz")
    assert other["fingerprint"] != found["fingerprint"] and str(other["source"]).endswith("template 'a {}'")


def test_a_published_file_of_the_same_name_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"a": "cat.n.01"}))
    (tmp_path / "hieremb-path.npy").touch()
    result = build("--synsets", "s.json", "--measure", "path", "--out", "hieremb-path.npz")
    assert "hieremb-path.npy has the same name: pcmsn train now takes hieremb-path.npz" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--dataset Sketchy", "give one of --measure, --word-vectors and --text-model"),
        ("--dataset Sketchy --measure jcn --text-model x", "give one of --measure, --word-vectors and --text-model"),
        ("--measure jcn --out x.npz", "give --dataset, --classes FILE or --synsets FILE"),
        ("--synsets s.json --dataset Sketchy --measure jcn", "--synsets names classes and senses itself"),
        ("--synsets s.json --text-model x --out x.npz", "--synsets goes with --measure only"),
        (
            "--dataset Sketchy --measure path --information-content ic.dat",
            "--information-content goes with --measure jcn or lin",
        ),
        ("--dataset Sketchy --measure path --template {}", "--template goes with --text-model"),
        ("--dataset Sketchy --measure path --spelling a=b", "--spelling goes with --word-vectors"),
        ("--dataset Sketchy --text-model x --names n.toml", "--names goes with --measure or --word-vectors"),
        ("--dataset Sketchy --measure path --out x.npy", "--out must end in .npz, got x.npy"),
        ("--dataset Sketchy --word-vectors w --spelling a", "--spelling must be CLASS=TEXT, got 'a'"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors_that_show_the_form(options: str, message: str) -> None:
    result = build(*options.split())
    assert result.exit_code == 2
    output = " ".join(result.output.replace("│", " ").split())
    assert message in output
    assert "for example: pcmsn semantics build --dataset Sketchy --measure path" in output


@pytest.mark.parametrize(
    ("options", "example"),
    [
        ("--classes c.txt --measure path", "--out dataset/MY-DATA/hieremb-path.npz"),
        ("--classes c.txt --word-vectors glove.6B.300d.txt", "--out dataset/MY-DATA/glove-wiki-gigaword.npz"),
        ("--synsets s.json --measure jcn", "--out dataset/MY-DATA/hieremb-jcn.npz"),
    ],
)
def test_own_classes_without_out_are_told_what_to_add(options: str, example: str) -> None:
    result = build(*options.split())
    assert result.exit_code == 2
    output = " ".join(result.output.replace("│", " ").split())
    assert f"give --out, for example {example} for a data set called MY-DATA" in output
    assert "--dataset Sketchy" not in output


def test_the_file_is_printed_with_what_identifies_it() -> None:
    lines = build("--dataset", "Sketchy", "--measure", "path").output.splitlines()
    assert [line.split()[0] for line in lines[:7]] == [
        "file", "classes", "dimensions", "nodes", "source", "fingerprint", "seconds",
    ]  # fmt: skip


def test_path_vectors_are_made_without_torch_and_other_heavy_imports() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom pcmsn.cli.app import app\n"
        "result = CliRunner().invoke(app, ['semantics', 'build', '--dataset', 'Sketchy', '--measure', 'path'])\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'sklearn', 'scipy', 'nltk'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else result.exit_code)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
