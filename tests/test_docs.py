"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import pi_service
import tornado_alice


def modules():
    for package in (tornado_alice, pi_service):
        yield package.__name__
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not info.name.endswith("__main__"):
                yield info.name


@pytest.mark.parametrize("name", list(modules()))
def test_docstrings(name):
    """The examples in the docstrings of each module give what they show."""
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs=vars(tornado_alice) | vars(module))
    assert failed == 0
