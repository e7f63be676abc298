"""A bar: a figure that was measured, held against the one that was promised."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    name: str
    figure: float
    bar: float
    unit: str = ""
    at_least: bool = False
    # What else is worth knowing, absolute figures among it. Printed, never judged.
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.figure >= self.bar if self.at_least else self.figure <= self.bar

    def __str__(self) -> str:
        sign, verdict = ("at least" if self.at_least else "at most"), ("holds" if self.holds else "FALLS SHORT")
        line = f"{self.name}: {self.figure:.3g}{self.unit} (bar: {sign} {self.bar:g}{self.unit}): {verdict}"
        return f"{line}\n    {self.detail}" if self.detail else line

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"holds": self.holds}
