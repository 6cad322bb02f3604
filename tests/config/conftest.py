"""Directories for the tests of the embedded Postgres."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.ground import Ground, leave, new_ground


@pytest.fixture
def ground() -> Iterator[Ground]:
    """An empty directory: the first user creates a cluster."""
    with new_ground() as ground:
        yield ground


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A cluster that was used and stopped. Copying it is many times cheaper than initdb."""
    with new_ground() as ground:
        user, _ = ground.enter()
        leave(user)
        ground.wait_until_stopped()
        yield ground.data


@pytest.fixture
def used(template: Path) -> Iterator[Ground]:
    """A directory with a cluster that was used before."""
    with new_ground() as ground:
        shutil.copytree(template, ground.data)
        yield ground
