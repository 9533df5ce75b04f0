"""The API against requests made from its own description: a bounded number, the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from shape_gallery import ADDRESS, PAGE, ROOMY, bar, client_of, open_gallery, png

from pcmsn.serve.settings import ServeSettings

schemathesis = pytest.importorskip("schemathesis", reason="fuzzing needs schemathesis, which the extra dev installs")

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
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    from pcmsn.serve.app import create_app

    with open_gallery(tmp_path_factory.mktemp("fuzzed")) as gallery, client_of(gallery) as client:
        schema = schemathesis.openapi.from_asgi(
            "/api/openapi.json",
            create_app(gallery.store, gallery.embedder, ServeSettings(limits=ROOMY), page=PAGE),
            headers={"host": "127.0.0.1:8008"},
        )
        yield schema, client


OPERATIONS = [
    ("GET", "/api/health"),
    ("GET", "/api/gallery"),
    ("GET", "/api/photos"),
    ("GET", "/api/photos/{photo_id}"),
    ("GET", "/api/photos/{photo_id}/thumbnail"),
    ("POST", "/api/search"),
]


def test_every_route_of_the_api_is_fuzzed(opened: tuple[Any, Any]) -> None:
    schema, _ = opened
    described = {(method.upper(), path) for path, item in schema.raw_schema["paths"].items() for method in item}
    assert described == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_requests_made_from_the_description_get_answers_that_it_allows(
    opened: tuple[Any, Any], method: str, path: str, mode: str
) -> None:
    from schemathesis import GenerationMode
    from schemathesis.openapi.checks import UnsupportedMethodResponse  # noqa: F401

    schema, _ = opened
    operation = schema[path][method]
    try:
        cases = operation.as_strategy(generation_mode=GenerationMode(mode))
    except Exception as error:  # there is nothing wrong to send to a route without parameters
        pytest.skip(f"no {mode} cases: {error}")

    @seed(0)
    @ONCE
    @given(case=cases)
    def run(case: Any) -> None:
        case.call_and_validate(base_url=ADDRESS, headers={"host": "127.0.0.1:8008"})

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
    opened: tuple[Any, Any], parameters: dict[str, str], body: bytes, kind: str
) -> None:
    _, client = opened
    answer = client.post("/api/search", params=parameters, content=body, headers={"content-type": kind})
    assert answer.status_code in (200, 400, 413, 415, 422)
    assert set(answer.json()) == ({"hits", "photos", "milliseconds"} if answer.status_code == 200 else {"error"})
    listed = client.get("/api/photos", params=parameters)
    assert listed.status_code in (200, 422)


@seed(0)
@ONCE
@given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["PNG", "JPEG", "WEBP"]))
def test_pictures_with_a_flipped_byte_are_found_or_refused(
    opened: tuple[Any, Any], place: int, value: int, kind: str
) -> None:
    from shape_gallery import encoded

    _, client = opened
    content = bytearray(encoded(bar(0), kind))
    content[12 + place % (len(content) - 12)] = value
    answer = client.post("/api/search", content=bytes(content), headers={"content-type": "image/png"})
    assert answer.status_code in (200, 413, 422), answer.text
