"""The process that asks dowhy, with other programs in its place: late ones, broken ones, interrupted ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from causal_reasoning.cross_check import process
from causal_reasoning.cross_check.process import ask_dowhy
from causal_reasoning.cross_check.protocol import CHECKS, GENERAL, MINIMAL, PATH
from causal_reasoning.cross_check.with_dowhy import cross_check_dowhy
from causal_reasoning.cross_check.worker import _ask
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.interchange import to_dowhy
from causal_reasoning.identification import identify_effect

GRAPH = CausalGraph("cxy", [("c", "x"), ("c", "y"), ("x", "y")])
PROBLEM = to_dowhy(GRAPH, "x", "y")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def said(check: str, *found: object) -> str:
    return json.dumps({"problem": 0, "check": check, "found": found, "failure": "", "gave_up": False})


def gone(process_id: int, patience: float = 5.0) -> bool:
    """Whether a process ends within some seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_late_program_is_ended_and_what_it_said_before_counts(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); "
        f"print({json.dumps({'version': '0.0'})!r}); print({said(PATH, True)!r}, flush=True); "
        "print('{\"problem\": 0, \"che', end='', flush=True); time.sleep(60)"
    )
    begin = time.monotonic()
    (answers,) = ask_dowhy([PROBLEM], 2.0, python(code))
    assert time.monotonic() - begin < 10
    assert answers.version == "0.0"
    assert answers.of(PATH).found == (True,)
    assert {answers.of(check).failure for check in CHECKS[1:]} == {"time"}
    assert gone(int(note.read_text()))


def test_a_program_that_breaks_is_told_in_one_sentence() -> None:
    (answers,) = ask_dowhy([PROBLEM], 20.0, python("import sys; print('one\\ntwo', file=sys.stderr); sys.exit(3)"))
    assert answers.of(PATH).failure == "the process with dowhy ended with 3: two"
    (answers,) = ask_dowhy([PROBLEM], 20.0, python("raise ImportError('no dowhy here')"))
    assert answers.of(MINIMAL).failure == "the process with dowhy ended with 1: ImportError: no dowhy here"


@pytest.mark.parametrize(
    "output", ["hello", "[1, 2]", "{}", '{"check": "other"}', '{"problem": 9, "check": "front door"}']
)
def test_a_program_that_says_something_else_has_given_no_answer(output: str) -> None:
    (answers,) = ask_dowhy([PROBLEM], 20.0, python(f"print({output!r})"))
    assert answers.of(PATH).failure == "dowhy gave no answer"


def test_a_program_that_is_not_there_is_told() -> None:
    (answers,) = ask_dowhy([PROBLEM], 20.0, ("/nowhere/python",))
    assert answers.of(PATH).failure == "dowhy could not be started: No such file or directory"


def test_several_problems_go_to_one_program() -> None:
    code = "import json, sys; n = len(json.load(sys.stdin)['problems']); print(n, file=sys.stderr); sys.exit(1)"
    answers = ask_dowhy([PROBLEM] * 3, 20.0, python(code))
    assert [one.of(PATH).failure for one in answers] == ["the process with dowhy ended with 1: 3"] * 3


def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    late = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(60)"
    code = (
        # A test run in the background ignores interrupts, and so would its children.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from causal_reasoning.cross_check.process import ask_dowhy\n"
        "from causal_reasoning.graph.causal_graph import CausalGraph\n"
        "from causal_reasoning.graph.interchange import to_dowhy\n"
        "problem = to_dowhy(CausalGraph('xy', [('x', 'y')]), 'x', 'y')\n"
        f"ask_dowhy([problem], 60.0, {python(late)!r})\n"
    )
    ours = subprocess.Popen(python(code), stderr=subprocess.PIPE, start_new_session=True)
    end = time.monotonic() + 30
    while not (note.exists() and note.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    ours.send_signal(signal.SIGINT)
    ours.communicate(timeout=30)
    assert gone(int(note.read_text()))


def test_a_worker_whose_parent_is_gone_ends_itself(tmp_path: Path) -> None:
    code = (
        "import sys, time, types\n"
        "from causal_reasoning.cross_check import worker\n"
        "worker.GRACE = 0.2\n"
        "worker._questions = lambda problem: {c: (lambda: time.sleep(60)) for c in worker.CHECKS}\n"
        "worker._at_most = lambda seconds: __import__('contextlib').nullcontext()\n"
        "worker.main()\n"
    )
    request = json.dumps({"seconds": 0.3, "problems": [{}]}).encode()
    begin = time.monotonic()
    done = subprocess.run(python(code), input=request, capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert time.monotonic() - begin < 15


def test_a_question_without_end_is_cut_off_and_others_go_on() -> None:
    def endless() -> list[object]:
        while True:
            pass

    begin = time.monotonic()
    assert _ask(endless, 0.1) == {"found": [], "failure": "time", "gave_up": False}
    assert time.monotonic() - begin < 5
    assert _ask(lambda: [["b", "a"], []], 5) == {"found": [[], ["a", "b"]], "failure": "", "gave_up": False}


def test_what_dowhy_raises_is_an_answer() -> None:
    def broken() -> list[object]:
        raise KeyError("two\nlines")

    assert _ask(broken, 5)["failure"] == r"dowhy stopped with KeyError: 'two\nlines'"


def test_the_whole_check_with_a_program_in_the_place_of_dowhy(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"version": "0.0"}), said(PATH, True), said(GENERAL, ["c"]), said(MINIMAL, [])]
    monkeypatch.setattr(process, "COMMAND", python(f"print({chr(10).join(lines)!r})"))
    agreement = cross_check_dowhy(GRAPH, identify_effect(GRAPH, "x", "y"))
    assert agreement.contradicted
    assert [one.status for one in agreement.comparisons[:4]] == ["agree", "agree", "not comparable", "disagree"]
    assert agreement.text().startswith(
        "Cross-check with dowhy 0.0: dowhy contradicts this verdict (2 agree, 1 disagree"
    )
    assert agreement.to_dict()["comparisons"][3]["because"] == "dowhy names {}, which our verifier refuses"
