"""The code in the guide is that of the recipes, which the other tests run."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip import RECIPES, ROOT


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.py")), ids=lambda path: path.stem)
def test_the_guide_contains_the_recipe(recipe: Path) -> None:
    guide = (ROOT / "docs" / "pipelines.md").read_text()
    assert f"```python\n{recipe.read_text()}```\n" in guide
