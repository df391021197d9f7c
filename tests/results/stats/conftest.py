import pytest

from results.stats import measured, paired, simultaneous


@pytest.fixture(autouse=True, scope="session")
def nothing_is_remembered():
    """A mutation pass forks from a process that has run these tests: what that one computed must not answer for a mutant."""
    remembered = (simultaneous._critical, simultaneous._scales, simultaneous._normal)
    for kept in (measured._measured, paired._signs, *remembered):
        kept.cache_clear()
