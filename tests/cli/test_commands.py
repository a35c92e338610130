"""The commands on sound input: what they print, what they write, and what they do not load."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import causal_reasoning
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import load_graph, parse_graph
from tests.cli.program import EXPERIMENT, GRAPH, ROWS, call

GRAPHS = sorted(path.stem for path in shipped_folder("graphs").glob("*.yaml"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH)
    Path("experiment.yaml").write_text(EXPERIMENT)
    Path("rows.jsonl").write_text(ROWS)
    return tmp_path


def said(*arguments: str) -> str:
    code, out, err = call(*arguments)
    assert (code, err) == (0, "")
    return out


def test_check_says_what_files_are() -> None:
    assert said("check", "graph.yaml", "experiment.yaml").splitlines() == [
        "graph.yaml: graph mine: 4 nodes, 5 edges, identified, objective: weighting",
        "experiment.yaml: experiment study: 4 runs (untrained base, mine)",
    ]
    first, second = json.loads(said("check", "--json", "graph.yaml", "experiment.yaml"))
    assert first["digest"] == load_graph("graph.yaml").digest
    assert second["arms"] == ["untrained base", "mine"]


@pytest.mark.parametrize("kind", ["graphs", "examples"])
def test_everything_that_is_shipped_is_sound(kind: str) -> None:
    # One graph is shipped to show a query that nothing identifies.
    paths = [str(path) for path in sorted(shipped_folder(kind).rglob("*.yaml")) if path.stem != "bow"]
    assert len(said("check", *paths).splitlines()) == len(paths) > 2


def test_check_knows_a_recipe_for_a_base_model() -> None:
    recipe = shipped_folder("examples") / "base_for_names" / "recipe.yaml"
    (report,) = json.loads(said("check", "--json", str(recipe)))
    assert (report["kind"], report["name"]) == ("recipe", "names")
    assert report["summary"] == "recipe names: 900 steps on letters, names_of_four, names_of_three"


def test_the_graph_that_is_shipped_as_not_identified_is_not() -> None:
    code, _, err = call("check", "bow")
    assert code == 3
    assert "no hidden cause between answer and skill" in err


def test_identify_answers_in_words_and_in_json() -> None:
    text = said("identify", "graph.yaml")
    assert text.startswith("P(answer, question | do(skill)): identified by adjustment\n")
    assert "adjust for      {confounder}" in text
    data = json.loads(said("identify", "graph.yaml", "--json"))
    assert {"graph", "digest", "query", "verdict", "method", "adjustment", "estimand", "repairs"} <= set(data)
    assert data["query"] == {"do": ["skill"], "on": ["answer", "question"], "given": []}
    assert (data["verdict"], data["method"]) == ("identified", "adjustment")
    assert data["adjustment"]["chosen"] == ["confounder"]
    assert data["adjustment"]["minimal"] == [["confounder"]]


def test_identify_answers_other_questions_than_the_files() -> None:
    other = json.loads(said("identify", "graph.yaml", "--json", "--do", "question", "--on", "answer"))
    assert other["query"]["do"] == ["question"]
    assert other["adjustment"]["chosen"] == ["skill"]
    zero = json.loads(said("identify", "graph.yaml", "--json", "--do", "answer", "--on", "skill"))
    assert zero["verdict"] == "zero_effect"


def test_derive_tells_the_same_in_every_format() -> None:
    data = json.loads(said("derive", "graph.yaml", "--json"))
    plan = data["plan"]
    assert set(plan) >= {"estimator", "formula", "terms", "weights", "slots", "forward_passes", "refused"}
    assert plan["forward_passes"] == {"train": 1, "inference": 1}
    for form in ("", "--markdown"):
        told = said("derive", "graph.yaml", *([form] if form else []))
        assert plan["formula"] in told
        assert data["estimand"]["text"] in told
        assert all(term["because"] in told for term in plan["terms"])
    latex = said("derive", "graph.yaml", "--latex")
    assert plan["latex"] in latex
    assert data["estimand"]["latex"] in latex


def test_derive_with_rows_reports_the_overlap() -> None:
    report = json.loads(said("derive", "graph.yaml", "--data", "rows.jsonl", "--json"))["overlap"]
    # Sixty rows in which skill and style are independent: every weight is one.
    assert (report["rows"], report["effective_sample_size"], report["largest_weight"]) == (60, 60, 1)
    assert "60 effective of 60 rows (100%)" in said("derive", "graph.yaml", "--data", "rows.jsonl")
    assert "overlap" not in json.loads(said("derive", "graph.yaml", "--json"))


@pytest.mark.parametrize("arguments", [("derive", "graph.yaml", "--json"), ("schema", "graph"), ("draw", "graph.yaml")])
def test_output_goes_to_a_file_as_it_would_be_printed(arguments: tuple[str, ...]) -> None:
    printed = said(*arguments)
    code, out, err = call(*arguments, "--output", "new/out.txt")
    assert (code, out, err) == (0, "", "wrote new/out.txt\n")
    assert Path("new/out.txt").read_text() == printed


@pytest.mark.parametrize("name", GRAPHS)
def test_every_shipped_graph_can_be_drawn(name: str) -> None:
    drawn = ElementTree.fromstring(said("draw", name))
    assert drawn.tag.endswith("svg")
    text = "".join(drawn.itertext())
    assert all(node in text for node in load_graph(name).nodes)


@pytest.mark.parametrize("kind", ["graph", "experiment", "world"])
def test_schemas_are_json_schemas(kind: str) -> None:
    schema = json.loads(said("schema", kind))
    assert schema["type"] == "object"
    assert {"version", "name"} <= set(schema["required"])


def test_shipped_files_obey_the_schemas_of_another_implementation() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from ruamel.yaml import YAML

    for kind in ("graph", "experiment"):
        check = jsonschema.Draft202012Validator(json.loads(said("schema", kind)))
        folder = shipped_folder("graphs" if kind == "graph" else "examples")
        for path in folder.glob("*.yaml"):
            assert list(check.iter_errors(YAML(typ="safe").load(path.read_text()))) == []
        assert list(check.iter_errors({"version": 1, "name": "x", "bogus": 1})) != []


def sampled(*arguments: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in said("sample", "letters", *arguments).splitlines()]


def test_sample_draws_rows_that_can_be_drawn_again() -> None:
    rows = sampled("-n", "50", "--seed", "3")
    assert len(rows) == 50
    assert {"style", "skill", "question", "answer"} <= set(rows[0])
    assert sampled("-n", "50", "--seed", "3") == rows
    assert sampled("-n", "50", "--seed", "4") != rows


def test_sample_intervenes_conditions_and_sets_parameters() -> None:
    assert {row["skill"] for row in sampled("-n", "30", "--do", "skill=last")} == {"last"}
    assert {row["skill"] for row in sampled("-n", "30", "--given", "skill=last")} == {"last"}
    table = Counter(row["skill"] for row in sampled("-n", "400", "--do", 'skill={"first": 0.5, "last": 0.5}'))
    assert set(table) == {"first", "last"}
    assert table["first"] == pytest.approx(200, abs=50)
    tied = sampled("-n", "60", "--set", "rho=1")
    # At full strength a style comes with one skill only.
    assert len({(row["style"], row["skill"]) for row in tied}) == len({row["style"] for row in tied})


def test_sample_writes_the_true_graph_beside_the_rows() -> None:
    code, out, err = call("sample", "letters", "-n", "5", "-o", "out/letters.jsonl")
    assert (code, out) == (0, "")
    assert err == "wrote out/letters.jsonl\nwrote out/letters.graph.yaml\n"
    assert len(Path("out/letters.jsonl").read_text().splitlines()) == 5
    truth = parse_graph(Path("out/letters.graph.yaml").read_text())
    assert {"style", "skill", "question", "answer"} <= set(truth.nodes)
    assert "skill" in truth.causal.children("style")
    # What was written can be asked and used with the rows at once.
    assert call("derive", "out/letters.graph.yaml", "--data", "out/letters.jsonl").code in (0, 4)


def test_version_and_help() -> None:
    assert said("--version").startswith("causal-reasoning 0.")
    assert "derive" in said("--help")
    for command in (
        "check",
        "identify",
        "derive",
        "diff",
        "edit",
        "alternatives",
        "implications",
        "convert",
        "draw",
        "schema",
        "sample",
        "train",
        "evaluate",
        "sweep",
        "report",
        "demo",
    ):
        assert said(command, "--help").startswith("Usage: ")
    code, out, err = call()
    assert code == 2
    assert "Usage: " in out + err


def modules_after(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('MODULES', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.rpartition("MODULES ")[2].split()}


HEAVY = {"torch", "dowhy", "transformers", "peft", "pyro", "datasets", "matplotlib", "scipy", "pandas"}


def test_deriving_a_loss_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['causal-reasoning', 'derive', 'graph.yaml', '--data', 'rows.jsonl']\n"
        "from causal_reasoning.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
    )
    loaded = modules_after(program)
    assert "causal_reasoning" in loaded
    assert not loaded & HEAVY


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = modules_after("import causal_reasoning")
    assert not loaded & (HEAVY | {"numpy", "pydantic", "networkx", "ruamel", "typer", "rich"})


def test_the_public_surface_is_there() -> None:
    assert dir(causal_reasoning) == sorted(causal_reasoning.__all__)
    for name in causal_reasoning.__all__:
        assert callable(getattr(causal_reasoning, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        causal_reasoning.nope  # noqa: B018


def failing(error: BaseException) -> Callable[[str], None]:
    def load_graph(source: str) -> None:
        raise error

    return load_graph


def test_an_interruption_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causal_reasoning.graph.load_graph", failing(KeyboardInterrupt()))
    assert call("derive", "graph.yaml") == (130, "", "interrupted; the same command resumes\n")


def test_a_fault_of_the_program_is_one_line_and_the_traceback_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causal_reasoning.graph.load_graph", failing(KeyError("two\nlines")))
    code, out, err = call("derive", "graph.yaml")
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert "KeyError" in line
    monkeypatch.setenv("CAUSAL_REASONING_TRACEBACK", "1")
    with pytest.raises(KeyError):
        call("derive", "graph.yaml")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "causal_reasoning.cli.main", "derive", "reasoning"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    assert program.stderr.read() == ""
    assert program.wait() == 0
    program.stderr.close()
