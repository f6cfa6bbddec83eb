"""The report of an audit: its checks, a verdict of at most five sentences, and the page or picture it is saved as."""

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
"""The largest number of sentences in a verdict."""
ENDINGS = (".html", ".png")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Report:
    """The results of an audit, as `minixai.audit` returns them.

    Parameters
    ----------
    method : str
        The method that made the map, or that a foreign map is claimed to be made by.
    foreign : bool
        Whether the user gave the map, as `values`.
    about : mapping of str to str
        {heading: words}: the method with its parameters, what it explains with the scores, and the images.
    images, values : ndarray, (N, H, W, C) and (N, H, W)
        The images, and the audited maps with their channels summed.
    checks : tuple of Check
        The results of the checks, in the order of `minixai.audit.CHECKS`.
    cost : Cost
        How many rows the whole audit sent through the network.

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
        """Return the check with this name.  Raises ValueError if the report has none."""
        by_name = {check.name: check for check in self.checks}
        return by_name[one_of(name, by_name, "check")]

    @property
    def verdict(self) -> tuple[str, ...]:
        """At most five sentences about the map in plain words, without a grade."""
        return tuple(end_sentence(line) for line in verdict_lines(self))[:LINES]

    def to_dict(self) -> dict[str, Any]:
        """The report without its pictures, as plain Python values.

        Returns
        -------
        dict
            "method", "foreign", "about", "verdict", "checks" (the `to_dict()` of each check) and "cost".  `json.dumps`
            can write it.
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
        """Write the report to a file, as an HTML page or as a PNG picture.

        Parameters
        ----------
        path : path
            The file to write.  Its name ends in .html, for one page with its pictures inside, or in .png.

        Raises
        ------
        ValueError
            If the name ends otherwise, or if the file cannot be written.
        """
        from minixai.audit import pages  # imported late, because it imports matplotlib, which is slow

        ending = Path(path).suffix.lower()
        if ending not in ENDINGS:
            raise ValueError(f"a report is written to a file that ends in {' or '.join(ENDINGS)}, got {str(path)!r}")
        content = pages.html(self).encode() if ending == ".html" else pages.png(self)
        with atomic_write(path) as file:
            file.write(content)

    def _repr_html_(self) -> str:
        """Return the report as HTML for notebooks."""
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
    """Yield the verdicts of the checks: first what the map is and whether it adds up, then those of the other checks.

    The last one is about the known truth, or about the agreement of methods if no truth is known.
    """
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
    """Return the text with its first letter in lower case, to stand within a sentence."""
    return text[:1].lower() + text[1:]


def end_sentence(text: str) -> str:
    """Return the text with one full stop at its end."""
    return text if text.endswith(".") else text + "."
