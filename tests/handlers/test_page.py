"""The page about tests shows code that runs."""

from __future__ import annotations

import re
from pathlib import Path

from sync.testing import HandlerContract, Sample

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "test-a-handler.md"


def test_the_blocks_of_the_page_are_the_example() -> None:
    """One after the other they are the whole file, which runs with every other test."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert "\n\n".join(blocks) == (HERE / "test_example.py").read_text()


def test_the_page_names_every_part_of_a_sample_and_of_the_contract() -> None:
    """Nothing an author has to fill in, or will be asked, is left unsaid."""
    text = PAGE.read_text()
    told = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    assert told == set(Sample.__dataclass_fields__)
    questions = [name for name in dir(HandlerContract) if name.startswith("test_")]
    assert f"{len(questions)} questions" in text
