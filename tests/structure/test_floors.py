"""Imports point to the same floor or down, and never to what a later module brings."""

import pytest

from tests.structure.tree import ahead, climbing, handed_on_early, speechless, the_package


@pytest.fixture(scope="module")
def package():
    return the_package()


def test_imports_point_down(package):
    found = climbing(package)
    assert not found, "imports that point up (floors: FLOORS in tests/structure/tree.py):\n" + "\n".join(
        found
    )


def test_no_file_imports_what_a_later_module_brings(package):
    found = ahead(package)
    assert not found, "imports of files that are not there yet at their file's level:\n" + "\n".join(found)


def test_names_are_handed_on_when_their_file_is_there(package):
    found = handed_on_early(package)
    assert not found, "tag the line of the __init__.py with the later level:\n" + "\n".join(found)


def test_a_package_that_grows_says_what_comes_later(package):
    found = speechless(package)
    assert not found, "give the __init__.py these two lines:\n" + "\n".join(found)
