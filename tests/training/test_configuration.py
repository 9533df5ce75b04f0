from pathlib import Path

import pytest

from pcmsn.errors import ConfigError
from pcmsn.losses.weights import BRANCH_TERMS, PCMSN_TERMS
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import (
    build_config,
    config_from_tables,
    config_to_tables,
    config_to_toml,
    preset_names,
)
from pcmsn.training.finetune.config import build_finetune_config


def test_the_defaults_are_those_of_the_released_commands() -> None:
    config = build_config()
    assert (config.data.dataset, config.data.data_root, config.semantics.root) == ("Sketchy", "./ZS-SBIR", "./dataset")
    assert (config.model.dim, config.model.dropout, config.model.discriminator_noise) == (64, 0.5, 0.3)
    training = config.training
    assert (training.epochs, training.early_stop, training.batch_size, training.batches_per_epoch, training.seed) == (
        30, 10, 128, 100, 0,
    )  # fmt: skip
    assert config.optimisation.learning_rate == 1e-4
    assert config.semantics.sources == ("word2vec-google-news", "hieremb-jcn")


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_each_data_set_has_its_own_weights(preset: str) -> None:
    sketchy = build_config(preset=preset).loss
    berlin = build_config(preset=preset, overrides={"data": {"dataset": "TU-Berlin"}}).loss
    assert (sketchy.adversarial, sketchy.reconstruction, sketchy.classification, sketchy.cross_modal) == (
        1,
        1,
        0.4,
        0.4,
    )
    assert (berlin.adversarial, berlin.reconstruction, berlin.classification, berlin.cross_modal) == (1, 0.5, 0.1, 0.4)


def test_a_data_set_in_another_case_is_stored_by_its_exact_name_and_gets_its_own_weights() -> None:
    berlin = build_config(overrides={"data": {"dataset": "tu-berlin"}})
    assert berlin == build_config(overrides={"data": {"dataset": "TU-Berlin"}})
    assert berlin.data.dataset == "TU-Berlin"
    assert build_finetune_config(overrides={"data": {"dataset": "sketchy"}}).data.dataset == "Sketchy"


def test_the_presets_differ_where_paper_and_code_do() -> None:
    paper, released = build_config(preset="paper"), build_config(preset="released")
    assert (paper.loss.gan, released.loss.gan) == ("log", "least-squares")
    assert (paper.optimisation.order, released.optimisation.order) == ("discriminator-first", "generators-first")
    assert (paper.optimisation.betas, released.optimisation.betas) == ((0.5, 0.99), (0.9, 0.999))
    assert (paper.optimisation.discriminator, released.optimisation.discriminator) == ("adam", "sgd")
    assert (paper.model.classifier, released.model.classifier) == ("learned", "fixed")


def test_the_released_tu_berlin_command_joins_the_path_vectors_twice() -> None:
    berlin = {"data": {"dataset": "TU-Berlin"}}
    released = build_config(preset="released", overrides=berlin)
    assert sorted(released.semantics.sources) == ["hieremb-path", "hieremb-path", "word2vec-google-news"]
    assert build_config(overrides=berlin).semantics.sources == ("word2vec-google-news", "hieremb-path")


def test_the_command_line_wins_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('preset = "released"\n[training]\nepochs = 7\nseed = 3\n[loss]\ngan = "log"\n')
    config = build_config(file=file, overrides={"training": {"epochs": 9}})
    assert (config.preset, config.training.epochs, config.training.seed, config.loss.gan) == ("released", 9, 3, "log")
    assert config.optimisation.discriminator == "sgd"
    assert build_config(preset="paper", file=file).optimisation.discriminator == "adam"


@pytest.mark.parametrize("preset", preset_names())
def test_a_configuration_survives_toml(preset: str, tmp_path: Path) -> None:
    config = build_config(preset=preset, overrides={"data": {"dataset": "TU-Berlin"}, "training": {"seed": 4}})
    (tmp_path / "config.toml").write_text(config_to_toml(config))
    assert build_config(file=tmp_path / "config.toml") == config
    assert config_from_tables(config_to_tables(config)) == config


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"training": {"epoch": 5}}, "unknown setting training.epoch .did you mean 'epochs'"),
        ({"trainig": {"epochs": 5}}, "unknown setting trainig .did you mean 'training'"),
        ({"training": {"epochs": "5"}}, "training.epochs must be an integer, got '5'"),
        ({"training": {"epochs": True}}, "training.epochs must be an integer, got True"),
        ({"training": {"epochs": 0}}, "training.epochs must be >= 1, got 0"),
        ({"training": {"batch_size": 1}}, "training.batch_size must be >= 2, got 1"),
        ({"training": 5}, "training must be a table, got 5"),
        ({"loss": {"gan": "least-square"}}, r"loss.gan must be 'log' or 'least-squares', got .*mean 'least-squares'"),
        ({"loss": {"adversarial": "much"}}, "loss.adversarial must be a number, got 'much'"),
        ({"semantics": {"sources": "jcn"}}, "semantics.sources must be a list, got 'jcn'"),
        ({"semantics": {"sources": [1]}}, r"semantics.sources\[0\] must be a text, got 1"),
        ({"optimisation": {"betas": [0.5]}}, "optimisation.betas must be two numbers"),
        ({"optimisation": {"learning_rate": 0}}, r"optimisation.learning_rate must be in \(0, 1\]"),
        ({"optimisation": {"warm_up": 1.0}}, r"optimisation.warm_up must be in \[0, 1\)"),
        ({"optimisation": {"average_decay": 1.0}}, r"optimisation.average_decay must be in \[0, 1\)"),
        ({"training": {"pairs_per_class": -1}}, "training.pairs_per_class must be >= 0, got -1"),
        ({"data": {"photos": "extendet"}}, "data.photos must be 'extended' or 'original'"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(tables: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config(overrides=tables)


def test_an_unknown_preset_proposes_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no preset 'realeased' .did you mean 'released'"):
        build_config(preset="realeased")


def test_an_unknown_key_in_a_file_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[model]\ndims = 64\n")
    with pytest.raises(ConfigError, match="unknown setting model.dims .did you mean 'dim'"):
        build_config(file=tmp_path / "run.toml")
    (tmp_path / "run.toml").write_text("[model\n")
    with pytest.raises(ConfigError, match="cannot be read as TOML"):
        build_config(file=tmp_path / "run.toml")
    with pytest.raises(ConfigError, match="no configuration file"):
        build_config(file=tmp_path / "nowhere.toml")


def test_integers_are_taken_as_numbers() -> None:
    assert build_config(overrides={"loss": {"adversarial": 2}}).loss.adversarial == 2.0


def test_the_plain_value_is_the_paper_preset() -> None:
    assert RunConfig() == build_config(preset="paper", overrides={"backbone": {"spec": "vgg16"}})


def test_the_best_preset_has_losses_of_its_own_alone() -> None:
    loss = build_config(preset="best").loss
    assert [getattr(loss, name) for name in PCMSN_TERMS] == [0, 0, 0, 0]
    assert min(getattr(loss, name) for name in BRANCH_TERMS) > 0
    for preset in ("paper", "released"):
        assert [getattr(build_config(preset=preset).loss, name) for name in BRANCH_TERMS] == [0, 0]


@pytest.mark.parametrize(
    ("preset", "loss", "message"),
    [
        ("best", {"adversarial": 1.0}, "loss.adversarial = 1.0 has no part in model.kind = 'branches'"),
        ("paper", {"contrastive": 0.5}, "loss.contrastive = 0.5 has no part in model.kind = 'pcmsn'"),
        ("best", dict.fromkeys(BRANCH_TERMS, 0.0), "all of loss.contrastive.* are 0: nothing would be learned"),
        ("paper", dict.fromkeys(PCMSN_TERMS, 0.0), "all of loss.adversarial.* are 0: nothing would be learned"),
    ],
)
def test_a_loss_term_of_the_other_model_is_refused(preset: str, loss: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config(preset=preset, overrides={"loss": loss})
