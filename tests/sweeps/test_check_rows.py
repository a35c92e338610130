"""What is too long is found before anything is trained, in rendered rows too."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.data.rendered_views import render_rows
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.objective import derive
from causal_reasoning.sweeps.run import check_rows
from tests.tiny import make_model

EXPERIMENT = """\
version: 1
name: rendered
data: {world: letters, rows: 20}
model: model
arms: [{graph: rendered_style, objective: {estimator: ESTIMATOR}}]
seeds: [1]
training: {max_length: 200}
evaluation: {items: 1}
"""


def load(folder: Path, estimator: str) -> Experiment:
    path = folder / f"{estimator}.yaml"
    path.write_text(EXPERIMENT.replace("ESTIMATOR", estimator), encoding="utf-8")
    return load_experiment(path)


def longest(data: RunData, experiment: Experiment) -> int:
    encoder = Encoder(build_tokenizer(), experiment.spec.prompt, experiment.write, 200)
    tables = (data.train, data.validation, *(split.table for split in data.splits))
    return max(len(row.prompt) + len(row.target) for table in tables for row in encoder(table))


@pytest.mark.parametrize("estimator", ["rendering", "matching"])
def test_rows_that_are_too_long_when_they_are_rendered_are_found_early(tmp_path: Path, estimator: str) -> None:
    make_model(tmp_path / "model")
    experiment = load(tmp_path, estimator)
    check_rows(experiment, 1)
    plan = derive(experiment.arms[1].graph).plan  # type: ignore[arg-type]
    encoder = Encoder(build_tokenizer(), experiment.spec.prompt, experiment.write, 200)
    for seed in range(20):
        data = load_data(experiment, seed)
        recorded = longest(data, experiment)
        rendered = render_rows(experiment, plan, data, encoder, seed)
        rows = [*encoder(rendered.train), *(row for view in rendered.views.values() for row in view)]
        if max(len(row.prompt) + len(row.target) for row in rows) > recorded:
            break
    short = load_experiment(experiment.document.file, {"training.max_length": str(recorded)})
    with pytest.raises(InputError, match=r"rendered anew for another style, row \d+ has \d+ tokens, more than max_len"):
        check_rows(short, seed)
