import numpy as np
import torch

from pcmsn.seeding import derive_seed, numpy_generator, seeded_torch, torch_generator


def test_a_purpose_has_its_own_stream_and_repeats_it() -> None:
    first = numpy_generator(0, "pairs", 1).integers(0, 1 << 30, 8)
    assert (numpy_generator(0, "pairs", 1).integers(0, 1 << 30, 8) == first).all()
    for other in (numpy_generator(0, "pairs", 2), numpy_generator(1, "pairs", 1), numpy_generator(0, "noise", 1)):
        assert (other.integers(0, 1 << 30, 8) != first).any()


def test_parts_of_a_purpose_are_not_run_together() -> None:
    assert derive_seed(0, "ab", "c") != derive_seed(0, "a", "bc")
    assert derive_seed(1, "1") != derive_seed(11)


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert derive_seed(0, "pairs", 1) == 815414636781014236


def test_seeded_torch_leaves_the_state_outside_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeded_torch(0, "weights"):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with seeded_torch(0, "weights"):
        assert torch.equal(torch.rand(3), inside)


def test_torch_generators_follow_the_purpose() -> None:
    draw = [torch.rand(4, generator=torch_generator(0, purpose)).numpy() for purpose in ("a", "a", "b")]
    assert np.array_equal(draw[0], draw[1])
    assert not np.array_equal(draw[0], draw[2])
