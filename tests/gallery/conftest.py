"""Servers that the tests of galleries share."""

from collections.abc import Iterator

import pytest
from milvus_server import RunningMilvus, running_milvus


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMilvus]:
    """A Milvus server with a password; starting it takes about ten seconds, so all tests share it."""
    with running_milvus(tmp_path_factory.mktemp("milvus")) as server:
        yield server
