"""What an audit found: the checks, a verdict of at most five lines, and pages to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.audit import agreement, completeness, faithfulness, localisation, recognition, robustness
from minixai.evaluation import cascades
from minixai.evaluation.checks import Check, format_number
from minixai.files import atomic_write
from minixai.text import columns
from minixai.validate import one_of

LINES = 5
"""Of a verdict, at most."""
ENDINGS = (".html", ".png")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Report:
    """The answers to the questions about a map, as `minixai.audit` gives them.

    Parameters
    ----------
    method : str
        What made the map, or what a foreign map is claimed to be.
    foreign : bool
        Whether the map came from elsewhere.
    about : mapping of str to str
        The question in words: the method with its parameters, the class, the score.
    images, values : ndarray, (N, H, W, C) and (N, H, W)
        The images, and the audited maps with their channels summed.
    checks : tuple of Check
        In the order of the questions.
    cost : Cost
        Rows sent through the network, in all.

    Examples
    --------
    >>> import minixai as mx
    >>> images, _ = mx.datasets.digits("test")
    >>> report = mx.audit(mx.load("digits"), images[:1], draws=2)
    >>> report["adds up"].status, len(report.verdict) <= 5
    ('holds', True)
    """

    method: str
    foreign: bool
    about: Mapping[str, str]
    images: Array
    values: Array
    checks: tuple[Check, ...]
    cost: Cost

    def __getitem__(self, name: str) -> Check:
        """A check by its name."""
        by_name = {check.name: check for check in self.checks}
        return by_name[one_of(name, by_name, "check")]

    @property
    def verdict(self) -> tuple[str, ...]:
        """At most five sentences in plain words; never a grade."""
        return tuple(end_sentence(line) for line in verdict_lines(self))[:LINES]

    def to_dict(self) -> dict[str, Any]:
        """All that was found but the pictures, as plain Python values.

        Returns
        -------
        dict
            "method", "foreign", "about", "verdict", "checks" (one dict for each, with name, question, number,
            uncertainty, reading, source, weakness, status, cost, table) and "cost": `json.dumps` takes it.
        """
        return {
            "method": self.method,
            "foreign": self.foreign,
            "about": dict(self.about),
            "verdict": list(self.verdict),
            "checks": [check.to_dict() for check in self.checks],
            "cost": self.cost._asdict(),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the report as a page, or as a picture.

        Parameters
        ----------
        path : path
            A file that ends in .html, one page with its pictures inside, or in .png.

        Raises
        ------
        ValueError
            For another ending, and for a file that cannot be written.
        """
        from minixai.audit import pages  # matplotlib takes a while to load

        ending = Path(path).suffix.lower()
        if ending not in ENDINGS:
            raise ValueError(f"a report is written to a file that ends in {' or '.join(ENDINGS)}, got {str(path)!r}")
        content = pages.html(self).encode() if ending == ".html" else pages.png(self)
        with atomic_write(path) as file:
            file.write(content)

    def _repr_html_(self) -> str:
        """Return the page, for notebooks."""
        from minixai.audit import pages

        return pages.html(self, inside=True)

    def __repr__(self) -> str:
        return f"<audit of {self.method}: {'; '.join(f'{check.name}: {check.status}' for check in self.checks)}>"

    def __str__(self) -> str:
        lines = [*columns(list(self.about.items())), "", *(f"- {line}" for line in self.verdict), ""]
        table = [
            ("check", "number", "came to"),
            *((c.name, format_number(c.number, c.uncertainty), c.status) for c in self.checks),
        ]
        return "\n".join([*lines, *columns(table), "", *(f"{c.name}: {c.reading}" for c in self.checks)])


def verdict_lines(report: Report) -> Iterable[str]:
    """Yield the short readings: what the map is and whether it adds up in one line, then the others."""
    found = {check.name: check for check in report.checks}
    total, identity = found.get(completeness.DESCRIPTION.name), found.get(recognition.DESCRIPTION.name)
    if identity is not None and report.foreign:
        known = identity.status != "does not hold"
        yield (
            f"{identity.verdict}; {lower_first(total.verdict)}"
            if known and total and total.verdict
            else identity.verdict
        )
    elif total is not None:
        yield total.verdict or f"{report.method} promises no sum, so nothing must add up"
    names = [
        description.name for description in (cascades.DESCRIPTION, faithfulness.DESCRIPTION, robustness.DESCRIPTION)
    ]
    of_truth = found.get(localisation.DESCRIPTION.name)
    names.append(
        localisation.DESCRIPTION.name if of_truth is not None and of_truth.verdict else agreement.DESCRIPTION.name
    )
    for name in names:
        if name in found and found[name].verdict:
            yield found[name].verdict


def lower_first(text: str) -> str:
    """Return a sentence as it stands within another one."""
    return text[:1].lower() + text[1:]


def end_sentence(text: str) -> str:
    """Return the text with one full stop at its end."""
    return text if text.endswith(".") else text + "."
