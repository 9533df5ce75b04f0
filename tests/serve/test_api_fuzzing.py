"""The API against requests made from its own description: a bounded number, the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from shape_gallery import ROOMY, OpenedGallery, bar, client_of, encoded, open_gallery, png

from pcmsn.serve.server import running
from pcmsn.serve.settings import ServeSettings

schemathesis = pytest.importorskip("schemathesis", reason="fuzzing needs schemathesis, which the extra dev installs")


@schemathesis.serializer("image/png", "image/jpeg", "image/webp")
def as_they_are(_: Any, value: Any) -> Any:
    """Pictures go out as the bytes that they are made as; the last release for Python 3.10 has to be told."""
    return value


CASES = 40
ONCE = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedGallery]:
    with open_gallery(tmp_path_factory.mktemp("fuzzed")) as gallery:
        yield gallery


@pytest.fixture(scope="module")
def client(gallery: OpenedGallery) -> Iterator[Any]:
    with client_of(gallery) as client:
        yield client


@pytest.fixture(scope="module")
def described(gallery: OpenedGallery) -> Iterator[tuple[Any, str]]:
    """The API as it describes itself, and the address of a server."""
    with running(gallery, ServeSettings(port=0, limits=ROOMY)) as address:
        yield schemathesis.openapi.from_url(f"{address}api/openapi.json"), address


OPERATIONS = [
    ("GET", "/api/health"),
    ("GET", "/api/gallery"),
    ("GET", "/api/photos"),
    ("GET", "/api/photos/{photo_id}"),
    ("GET", "/api/photos/{photo_id}/thumbnail"),
    ("POST", "/api/search"),
]


WITH_RULES = [("GET", "/api/photos"), ("POST", "/api/search")]
"""Nothing wrong can be sent to the others: they take no parameters, or any text as an id."""


def test_every_route_of_the_api_is_fuzzed(described: tuple[Any, str]) -> None:
    paths = described[0].raw_schema["paths"]
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("mode", "method", "path"),
    [*(("positive", *operation) for operation in OPERATIONS), *(("negative", *operation) for operation in WITH_RULES)],
)
def test_requests_made_from_the_description_get_answers_that_it_allows(
    described: tuple[Any, str], method: str, path: str, mode: str
) -> None:
    schema, address = described
    operation = schema[path][method]
    # a description cannot say that a sketch must not be empty
    unsayable = [schemathesis.checks.positive_data_acceptance] if path == "/api/search" else []

    @seed(0)
    @ONCE
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def run(case: Any) -> None:
        case.call_and_validate(base_url=address.rstrip("/"), excluded_checks=unsayable)

    run()


WORDS = st.one_of(
    st.text(max_size=20), st.integers().map(str), st.sampled_from(["", "exact", "ink", "lying", "\0", "-1"])
)


@seed(0)
@ONCE
@given(
    st.dictionaries(st.sampled_from(["k", "label", "mode", "fit", "offset", "limit", "token", "x"]), WORDS, max_size=5),
    st.one_of(st.binary(max_size=200), st.integers(0, 60).map(lambda cut: png(bar(0))[: -cut or None])),
    st.sampled_from(["image/png", "image/webp", "text/plain", "image/png; x=1", ""]),
)
def test_any_parameters_and_bodies_are_answered_in_our_form(
    client: Any, parameters: dict[str, str], body: bytes, kind: str
) -> None:
    answer = client.post("/api/search", params=parameters, content=body, headers={"content-type": kind})
    assert answer.status_code in (200, 400, 413, 415, 422)
    assert set(answer.json()) == (
        {"hits", "photos", "recall", "milliseconds"} if answer.status_code == 200 else {"error"}
    )
    listed = client.get("/api/photos", params=parameters)
    assert listed.status_code in (200, 422)


@seed(0)
@ONCE
@given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["PNG", "JPEG", "WEBP"]))
def test_pictures_with_a_flipped_byte_are_found_or_refused(client: Any, place: int, value: int, kind: str) -> None:
    content = bytearray(encoded(bar(0), kind))
    content[12 + place % (len(content) - 12)] = value
    answer = client.post("/api/search", content=bytes(content), headers={"content-type": "image/png"})
    assert answer.status_code in (200, 413, 422), answer.text
