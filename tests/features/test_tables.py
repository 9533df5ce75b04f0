"""Tables hold the features of named pictures, or of nothing but arrays."""

from pathlib import Path

import numpy as np
import pytest

from pcmsn.data.records import Pictures
from pcmsn.errors import DataError
from pcmsn.features.tables import FeatureTable, FeatureTables

FEATURES = np.ones((2, 3), dtype=np.float32)
LABELS = np.array([1, 0], dtype=np.int64)


def test_arrays_need_no_names_of_files() -> None:
    table = FeatureTable(FEATURES, LABELS, ("ant", "bee"))
    tables = FeatureTables(table, table)
    assert tables.classes == ("ant", "bee") and tables.unreadable == ()
    with pytest.raises(DataError, match="came as arrays, without pictures; pass a data set"):
        _ = table.pictures


def test_pictures_give_labels_and_classes() -> None:
    pictures = Pictures("sketch", Path("zoo"), ("bee/1.png", "ant/1.png"), LABELS, ("ant", "bee"))
    table = FeatureTable.of_pictures(FEATURES, pictures, (("ant/2.png", "damaged"),))
    assert table.pictures is pictures and table.labels is pictures.labels and table.classes == ("ant", "bee")
    assert FeatureTables(table, table).unreadable == 2 * (("ant/2.png", "damaged"),)
