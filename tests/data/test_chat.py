"""Prompts in a chat template: the same tokens in training, in answering and in mixtures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.chat import chat_prompts, check_chat
from causal_reasoning.data.encode import IGNORED
from causal_reasoning.data.spans import marking_view
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder, components
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import ChatSpec, Experiment, load_experiment
from causal_reasoning.objective import derive
from causal_reasoning.objective.strata import fit_strata
from tests.cli.program import call
from tests.tiny import make_model

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system\n role') }}{% endif %}" + TEMPLATE


def tokenizer(template: str | None = TEMPLATE) -> Any:
    found = build_tokenizer()
    found.chat_template = template
    return found


def experiment(folder: Path, chat: str = "true", graph: str = "erm", model: str = "default") -> Experiment:
    path = folder / "e.yaml"
    path.write_text(
        f"version: 1\nname: e\nceiling: false\narms: [{{graph: {graph}}}]\nchat: {chat}\nmodel: {model}\n"
        "data: {world: letters, rows: 60}\nseeds: [1]\nadapter: {rank: 2}\n"
        "training: {steps: 2, batch_size: 8, evaluate_every: 2}\nevaluation: {items: 4, max_new_tokens: 2}\n"
    )
    return load_experiment(path)


ROWS = Table({"question": ["what is this", "and that?\n"], "answer": ["a", "b"]}, "rows")


def test_a_prompt_is_what_the_template_writes_with_one_token_at_the_beginning(tmp_path: Path) -> None:
    tok = tokenizer()
    rows = Encoder.of(experiment(tmp_path), tok)(ROWS)
    texts = ["[user] what is this\n[assistant] ", "[user] and that?\n[assistant] "]
    for row, text, answer in zip(rows, texts, "ab", strict=True):
        assert list(row.prompt) == [tok.bos_token_id, *tok(text, add_special_tokens=False)["input_ids"]]
        assert tok.decode(row.target).strip() == f"{answer}{tok.eos_token}"
        assert row.prompt.count(tok.bos_token_id) == 1


def test_the_system_message_comes_first(tmp_path: Path) -> None:
    loaded = experiment(tmp_path, "{system: Be brief.}")
    assert loaded.chat == ChatSpec(system="Be brief.")
    (text,) = chat_prompts([" hello\n"], tokenizer(), loaded.chat)
    assert text == "<s>[system] Be brief.\n[user] hello\n[assistant] "


def test_the_library_writes_the_same_tokens_itself(tmp_path: Path) -> None:
    tok = tokenizer()
    (row, _) = Encoder.of(experiment(tmp_path), tok)(ROWS)
    talk = [{"role": "user", "content": "what is this"}]
    ids = tok.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)
    assert list(row.prompt) == ids


def test_each_stratum_of_a_mixture_stands_in_the_user_s_message(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(
        "version: 1\nname: g\nnodes:\n  style: {role: confounder, bind: {column: style}}\n"
        "  question: {bind: {text: question}}\n  answer: {bind: {text: answer}}\n"
        "edges: [style -> question -> answer, style -> answer]\n"
        "query: {do: question, read: question, write: answer}\nobjective: {estimator: standardization}\n"
    )
    loaded = experiment(tmp_path, graph="g.yaml")
    graph = loaded.arms[1].graph
    assert graph is not None
    plan = derive(graph).plan
    assert plan.strata is not None
    table = Table({**ROWS.columns, "style": ["plain", "polite"]}, "rows")
    tok = tokenizer()
    mixture = components(fit_strata(plan.strata, table.columns), table, Encoder.of(loaded, tok))
    assert mixture is not None
    for rows in mixture.rows:
        text = tok.decode(rows[0].prompt)
        assert text.startswith("<s>")
        assert text.rstrip().endswith("[assistant]")
        assert text.count("[user]") == 1
    assert mixture.rows[0][0].prompt != mixture.rows[1][0].prompt


def test_phrases_are_found_in_the_template_too(tmp_path: Path) -> None:
    tok = tokenizer()
    table = ROWS.with_columns(phrase=["this", "that"])
    loaded = experiment(tmp_path)
    rows = Encoder.of(loaded, tok)(table)
    (first, second) = marking_view(rows, table, tok, "{question}", ("phrase",), loaded.chat)
    assert tok.decode([t for t in first.prompt if t != IGNORED]).strip() == "this"
    assert tok.decode([t for t in second.prompt if t != IGNORED]).strip() == "that"


@pytest.mark.parametrize(
    ("chat", "template", "message"),
    [
        ("true", None, "e.yaml:5:7: the tokenizer of 'default' has no chat template; leave 'chat' out, or name a chat"),
        ("{system: a}", NO_SYSTEM, "e.yaml:5:7: the chat template refuses the messages: no system role"),
    ],
)
def test_a_template_that_does_not_serve_is_told_at_the_key(
    tmp_path: Path, chat: str, template: str | None, message: str
) -> None:
    loaded = experiment(tmp_path, chat)
    with pytest.raises(InputError) as caught:
        check_chat(loaded, tokenizer(template))
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{tmp_path}/{message}")


def test_a_model_is_trained_and_measured_in_its_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = make_model(tmp_path / "model")
    experiment(tmp_path, model=str(model))
    code, out, err = call("train", "e.yaml", "--runs", "runs")
    assert (code, out) == (2, "")
    assert f"the tokenizer of '{model}' has no chat template" in err
    assert not list(Path("runs").rglob("adapter"))
    tokenizer().save_pretrained(model)
    code, _, err = call("train", "e.yaml", "--runs", "runs")
    assert code == 0, err
    (result,) = Path("runs").rglob("result.json")
    with_chat = json.loads(result.read_text())
    # Without the template the same adapter is given other prompts.
    adapter = str(result.parent / "adapter")
    scores = {}
    for key in ("true", "false"):
        code, out, err = call("evaluate", "e.yaml", "--adapter", adapter, "--set", f"chat={key}", "--json")
        assert code == 0, err
        scores[key] = json.loads(out)["same"]["nll"]
    assert scores["true"] == pytest.approx(with_chat["splits"]["same"]["nll"])
    assert abs(scores["false"] - scores["true"]) > 1e-4
