"""The page: complete, self-contained, safe, and honest about what is missing."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from causal_reasoning.report import write_page
from causal_reasoning.report.page import render_page
from tests.report.synthetic_runs import SCORES, SKILLS, SPLITS, STYLES, number, records, summary

VOID = {"meta", "br", "link", "img", "hr", "input"}
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=y>"


class Checker(HTMLParser):
    """Collects text, elements and attributes, and fails on tags that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_everything_is_there() -> None:
    page = Checker(render_page(records(), summary()))
    for word in (*SCORES, *SPLITS.values(), *STYLES, *SKILLS, "How to read this", "2.6.0", "1,660", "25.9 %"):
        assert word in page.text
    assert "69.0 ± 7.6" in page.text  # mean and interval
    assert "87.7" in page.text  # gap closed
    assert "worst 64.5" in page.text
    assert "loss became infinite" in page.text
    assert "skill <- confounder -> question" in page.text
    assert "version: 1" in page.text


def test_findings_come_from_the_numbers() -> None:
    text = Checker(render_page(records(), summary())).text
    assert "The best graph, reasoning (weighting), reaches 69.0" in text
    assert "29.3 ± 8.4 points more than erm" in text
    assert "2.9 points below erm" in text
    assert "do not settle the difference" in text


def with_baselines(many: int) -> dict[str, Any]:
    """The summary with copies of one arm that no graph licenses, each a point better than the one before."""
    result = summary()
    model = next(arm for arm in result["arms"] if arm["name"] == "reasoning_reversed")
    for i in range(many):
        arm = copy.deepcopy(model) | {"name": f"known{i}", "licensed": False}
        arm["splits"]["do"]["exact_match"] = number((0.30 + 0.01 * i,) * 3)
        result["arms"].insert(2, arm)
    return result


def test_many_baselines_share_one_sentence_and_no_two_arms_share_a_line() -> None:
    page = render_page(records(), with_baselines(9))
    text = Checker(page).text
    assert "9 baselines that their graphs do not license (known8, known7, " in text
    assert "reach between 30.0 and 38.0 %; the best of them, known8, 1.7 points less than erm." in text
    assert "A baseline, known" not in text
    swatches = set(re.findall(r'<span class="swatch (arm-\d[^"]*)"', page))
    assert len(swatches) == 13  # nine and the four graphs
    assert "A baseline, known0" in Checker(render_page(records(), with_baselines(1))).text


def test_many_graphs_are_told_by_outcome() -> None:
    result = summary()
    model = next(arm for arm in result["arms"] if arm["name"] == "loss_weights")
    base = next(arm for arm in result["arms"] if arm["name"] == "erm")["splits"]["do"]["exact_match"]["values"]
    # Worse by .05, .06 and .07: mean .06, half 4.303 · .01 / √3 = .0248.
    for name, less in (("worse", (0.05, 0.06, 0.07)), ("unclear", (-0.10, 0.02, 0.10))):
        arm = copy.deepcopy(model) | {"name": name}
        arm["splits"]["do"]["exact_match"] = number(tuple(v - d for v, d in zip(base, less, strict=True)))
        result["arms"].insert(2, arm)
    text = Checker(render_page(records(), result)).text
    assert "More than erm, in points: loss_weights, +17.0 ± 6.5." in text
    assert "Not told from erm by these seeds: reasoning_reversed, +0.1 ± 2.2; unclear, −0.7 ± 25.0." in text
    assert "Less than erm: worse, −6.0 ± 2.5." in text
    assert "Another arm" not in text


def test_strata_and_classifiers_are_shown_with_what_the_approximation_is_off_by() -> None:
    runs = records()
    run = next(run for run in runs if run["arm"] == "reasoning")
    run["strata"] = {
        "nodes": ["source"],
        "answer": "nwgm",
        "control": "[{name}: {value}]",
        "strata": [{"values": ["book"], "probability": 0.25}, {"values": ["<web>"], "probability": 0.75}],
        "against_sum": {"rows": 250, "nll": 1.5, "exact_nll": 1.4, "mean_difference": 0.12, "largest_difference": 0.9},
        "warnings": ["The stratum book is thin."],
    }
    quality = {"log_loss": 0.61, "marginal_log_loss": 1.38, "accuracy": 0.775, "base_rate": 0.25}
    run["overlap"]["heads"] = {"P(plan | question)": quality | {"calibration_error": 0.021, "temperature": 1.1}}
    page = Checker(render_page(runs, summary()))
    for words in (
        "Averaged over source. An answer is a geometric mean over strata, normed; shown as '[{name}: {value}]'.",
        "book 25.0 <web> 75.0",
        "on 250 rows: 1.5 and 1.4 nats per answer; the two differ by 0.12 in the mean and 0.9 at most",
        "The stratum book is thin.",
        "P(plan | question) 0.61 1.38 77.5 25.0 0.021 1.1",
    ):
        assert words in page.text


def test_self_contained_and_well_formed() -> None:
    page = render_page(records(), summary())
    found = Checker(page)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(found.tags)
    loads = [value for name, value in found.attributes if name in ("src", "href", "srcset", "data")]
    assert all(value and value.startswith("#") for value in loads)
    assert not re.search(r"url\(|@import", page)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not a place to load from
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ET.fromstring(svg)
    for math in re.findall(r"<math.*?</math>", page, flags=re.DOTALL):
        ET.fromstring(math)


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    found = Checker(render_page(records(), summary()))
    ids = [value for name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {str(value)[1:] for name, value in found.attributes if name == "href"} <= set(ids)


def poison(value: Any) -> Any:
    """Append hostile text to every string of a record but the graph file's."""
    if isinstance(value, dict):
        return {
            (k if k in KEYS else k + HOSTILE): (v if k in ("arm", "text", "digest") else poison(v))
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [poison(item) for item in value]
    return value + HOSTILE if isinstance(value, str) else value


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


KEYS = (_keys(records(1)) | _keys(summary(1))) - set(STYLES)


def test_hostile_text_stays_text() -> None:
    runs = [poison(run) for run in records(1)]
    made = summary(1)
    made["experiment"] += HOSTILE
    made["failed"][0]["error"] += HOSTILE
    made["arms"][1]["name"] += HOSTILE
    made["arms"][1]["splits"]["do"]["title"] += HOSTILE
    for run in runs:
        if run["arm"] in ("erm", "ceiling"):
            run["graph"]["text"] = "version: 1" + HOSTILE
    page = render_page(runs, made)
    found = Checker(page)
    assert "<script" not in page
    assert "img" not in found.tags
    assert HOSTILE in found.text
    assert "cannot be read" in found.text


def test_import_is_light() -> None:
    code = (
        "import sys, causal_reasoning.report; print([m for m in ('matplotlib', 'torch', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_seed() -> None:
    page = render_page(records(1), summary(1))
    text = Checker(page).text
    assert "single seed" in text
    assert "72.2" in text
    assert 'class="whisker"' not in page
    assert 'class="half"' not in page


def test_missing_pieces() -> None:
    assert "No run has been evaluated yet" in render_page([], {})
    made = summary()
    made["arms"] = [arm for arm in made["arms"] if arm["kind"] == "graph"]
    made["reference"]["ceiling"] = None
    for arm in made["arms"]:
        arm["gap_closed"] = None
    del made["arms"][0]["splits"]["same"]
    del made["arms"][1]["splits"]["do"]["worst_stratum"]
    runs = [run for run in records() if run["arm"] in ("erm", "reasoning")]
    for run in runs:
        for key in ("curve", "overlap", "selection", "versions", "model", "seconds"):
            del run[key]
        run["derivation"].pop("plan")
    page = Checker(render_page(runs, made))
    assert "There is no ceiling" in page.text
    assert "No curves were recorded" in page.text
    assert "–" in page.text
    assert "None" not in page.text


def test_bad_news_is_told() -> None:
    made = summary()
    by_name = {arm["name"]: arm for arm in made["arms"]}
    ceiling = by_name["ceiling"]["splits"]["do"]["exact_match"]
    ceiling.update(mean=0.2, low=0.15, high=0.25)
    for name in ("reasoning", "loss_weights"):
        by_name[name]["splits"]["do"]["exact_match"].update(mean=0.3, low=0.28, high=0.32, values=[0.3] * 3)
        by_name[name]["gap_closed"] = {"mean": -0.5, "low": -0.6, "high": -0.4, "values": [-0.5]}
    by_name["reasoning_reversed"]["splits"]["do"]["exact_match"].update(mean=0.3, low=0.28, high=0.32, values=[0.3] * 3)
    text = Checker(render_page(records(), made)).text
    assert "there is no gap to close" in text
    assert "No graph does better" in text
    assert "9.7 ± 1.1 points less than erm" in text
    assert "negative share" in text


def test_refused_derivation() -> None:
    runs = records(1)
    for run in runs:
        if run["derivation"]:
            run["derivation"].update(
                verdict="not_identified",
                method=None,
                adjustment=None,
                estimand=None,
                plan=None,
                hedge="hidden common cause",
                repairs=["observe the confounder"],
            )
    page = Checker(render_page(runs, summary(1)))
    assert "not identified" in page.text
    assert "observe the confounder" in page.text


def test_same_page_for_the_same_runs(tmp_path: Path) -> None:
    first = write_page(records(), summary(), tmp_path / "deep" / "a.html")
    second = write_page(records()[::-1], summary(), tmp_path / "b.html")
    assert first.read_text(encoding="utf-8") == second.read_text(encoding="utf-8")
