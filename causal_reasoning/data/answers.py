"""One form for answers that mean the same: "1,000." and "1000", "(B)" and "B", "Yes." and "yes".

The rows' answers are brought into it before training, and the model's before they are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.data_spec import FileData, MeasuredSplit
from causal_reasoning.files.templates import fields_of, fill, template_fields
from causal_reasoning.files.yaml import Path_

_NUMBER = re.compile(r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?![\d]*[A-Za-z_])(?!\d)")
_BRACKETED = re.compile(r"\(([A-Za-z])\)|\[([A-Za-z])\]")
_LONE = re.compile(r"(?<![\w'])([A-Z])(?![\w'])")
_FIRST = re.compile(r"^\W*([A-Za-z])\s*(?:$|[.):,;\]])")


def number(text: str) -> str | None:
    """The last number in a text, without separators and trailing zeros; ``None`` if there is none.

    Examples
    --------
    >>> number("1,000."), number("The answer is $3.50"), number("-0.0"), number("none")
    ('1000', '3.5', '0', None)
    """
    found = _numbers(text)
    if not found:
        return None
    value = Decimal(found[-1].replace(",", "").replace("\u2212", "-"))
    if value == 0:
        return "0"
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _numbers(text: str) -> list[str]:
    return [match.group() for match in _NUMBER.finditer(text) if match.group()]


def letter(text: str) -> str | None:
    """The letter of a choice, as a capital; ``None`` if there is none.

    The last one in brackets, else one that the text starts with and that a mark or nothing follows, else the last
    capital that stands alone.

    Examples
    --------
    >>> letter("(b)"), letter("B. Paris"), letter("The answer is C."), letter("Paris")
    ('B', 'B', 'C', None)
    """
    bracketed = _BRACKETED.findall(text)
    if bracketed:
        return "".join(bracketed[-1]).upper()
    first = _FIRST.match(text)
    if first is not None:
        return first.group(1).upper()
    lone = _LONE.findall(text)
    return next((one for one in reversed(lone) if one not in "AI"), lone[-1] if lone else None)


def yes_no(text: str) -> str | None:
    """``"yes"`` or ``"no"`` if the first word is one of them, whatever follows; else ``None``.

    Examples
    --------
    >>> yes_no("Yes."), yes_no("NO, because it rains"), yes_no("Maybe")
    ('yes', 'no', None)
    """
    words = re.findall(r"[^\W\d_]+", text)
    return words[0].lower() if words and words[0].lower() in ("yes", "no") else None


def lower(text: str) -> str | None:
    r"""Small letters, single spaces, and no full stop at the end.

    Examples
    --------
    >>> lower(" True. "), lower("New\n York")
    ('true', 'new york')
    """
    return strip(strip(text.casefold()).rstrip(".!"))


def strip(text: str) -> str:
    """No space around, single spaces within.

    Examples
    --------
    >>> strip(" a  b ")
    'a b'
    """
    return " ".join(text.split())


NORMALISERS: dict[str, Callable[[str], str | None]] = {
    "number": number,
    "letter": letter,
    "yes_no": yes_no,
    "lower": lower,
    "strip": strip,
}
_WANTED = {"number": "no number", "letter": "no letter of a choice", "yes_no": "neither yes nor no first"}


@dataclass(frozen=True)
class AnswerForm:
    """How answers are written and compared.

    Parameters
    ----------
    column : str
        The column of the answer: the last one that is written.
    normalise : str or None
        The form of its values; ``None`` leaves them as they are.
    template : str or None
        What is written around them, with ``{column}`` fields.
    """

    column: str
    normalise: str | None = None
    template: str | None = None

    def write(self, table: Table) -> Table:
        """Bring the answers of rows into their form and put them into the template.

        Raises
        ------
        InputError
            For an answer that has no such form, with its place.
        """
        if self.normalise is not None:
            form = NORMALISERS[self.normalise]
            values = [form(value) for value in table.columns[self.column]]
            given = table.columns[self.column]
            several = [self.normalise == "number" and len(_numbers(text)) > 1 for text in given]
            wrong = next((i for i, value in enumerate(values) if not value or several[i]), None)
            if wrong is not None:
                what = "several numbers" if several[wrong] else _WANTED.get(self.normalise, "nothing")
                message = (
                    f"the answer '{given[wrong]}' holds {what}, and 'normalise: {self.normalise}' "
                    "asks for it; filter the row out or choose another form"
                )
                raise InputError([table.fault(wrong, message)])
            table = table.with_columns(**{self.column: [value or "" for value in values]})
        if self.template is None:
            return table
        template = self.template
        names = fields_of(template)
        written = [fill(template, {name: table.columns[name][i] for name in names}) for i in range(len(table))]
        return table.with_columns(**{self.column: written})

    def same(self, written: str, reference: str) -> bool:
        r"""Whether a model's answer is right.

        Parameters
        ----------
        written : str
            What the model wrote, all of it.
        reference : str
            All that it should have written.

        Returns
        -------
        bool
            Without a form the two are equal but for space around; with one, the last lines have the same form: what
            the model wrote before its answer does not count then.

        Examples
        --------
        >>> form = AnswerForm("answer", "number", "= {answer} =")
        >>> form.same("48 + 24\n= 1,072. =", "24 + 48\n= 1072 ="), form.same("= 1 =", "= 1072 =")
        (True, False)
        """
        if self.normalise is None:
            return written.strip() == reference.strip()
        form = NORMALISERS[self.normalise]
        found, wanted = (form(self._inside(_last_line(text))) for text in (written, reference))
        return found is not None and found == wanted

    def _inside(self, text: str) -> str:
        """What stands in the template's place of the answer; the whole text where the template does not fit."""
        if self.template is None or fields_of(self.template) != (self.column,):
            return text
        before, _, after = self.template.partition(f"{{{self.column}}}")
        before, after = (fill(part, {}).strip() for part in (before, after))
        fits = len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)
        return text[len(before) : len(text) - len(after)] if fits else text


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def answer_form(experiment: Experiment) -> AnswerForm:
    """How the answers of an experiment are written and compared.

    Raises
    ------
    InputError
        For a template that cannot be used, at its place.
    """
    data = experiment.spec.data
    column = experiment.write[-1]
    if not isinstance(data, FileData):
        return AnswerForm(column)
    if data.answer is not None:
        template_fields(data.answer, experiment.document, ("data", "answer"))
    return AnswerForm(column, data.normalise, data.answer)


def split_form(experiment: Experiment, form: AnswerForm, name: str) -> AnswerForm:
    """How the answers of a split's file are written: with a template of its own, or as those of the data.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    form : AnswerForm
        That of the data.
    name : str
        Name of the split.

    Returns
    -------
    AnswerForm
        ``form`` itself, or a copy with the split's template.

    Raises
    ------
    InputError
        For a template that cannot be used, at its place.
    """
    split = experiment.spec.evaluation.splits[name]
    if not isinstance(split, MeasuredSplit) or split.answer is None:
        return form
    template_fields(split.answer, experiment.document, ("evaluation", "splits", name, "answer"))
    return replace(form, template=split.answer)


def check_answer_form(experiment: Experiment, form: AnswerForm, table: Table, path: Path_ = ("data", "answer")) -> None:
    """See that a template's fields are columns of the rows; ``path`` is the template's place in the file.

    Raises
    ------
    InputError
        At the template's place.
    """
    for name in fields_of(form.template or ""):
        if name not in table.columns:
            hint = did_you_mean(name, [*table.columns, *table.others])
            raise experiment.document.error(path, f"there is no column '{name}'; {hint}")
