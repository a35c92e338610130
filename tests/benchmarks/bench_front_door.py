"""The front door through a written rationale, trained: plain likelihood, both estimators and the ceiling.

Annotators ask for the letter that they like to ask for and write their answer back to front where they get it; nobody
recorded who asked. The rationale names the letter that was read, usually the one asked for. Two texts go with each
other, and no label of either is given. ``python -m tests.benchmarks.bench_front_door`` prints a Markdown table.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import mean

from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.run import run

WORLD = """
version: 1
name: door
nodes:
  annotator:
    role: confounder
    mechanism:
      kind: categorical
      values: [ann, bob, cid, dee]
      probabilities: {ann: 0.7, bob: 0.1, cid: 0.1, dee: 0.1}
  skill:
    role: skill
    mechanism:
      kind: noisy_copy
      of: annotator
      map: {ann: first, bob: second, cid: penultimate, dee: last}
      fidelity: 0.8
      otherwise: all
  question:
    role: question
    mechanism:
      kind: template
      text:
        - "What is the {skill} letter of each word?"
        - "Give the {skill} letter of every word."
        - "Find the {skill} letters of these words."
  plan:
    role: other
    mechanism: {kind: noisy_copy, of: skill, noise: 0.25, otherwise: others}
  rationale:
    role: rationale
    mechanism: {kind: template, text: "read the {plan} letter"}
  order:
    role: other
    mechanism:
      kind: table
      given: [annotator, plan]
      values: [front, back]
      rows:
        - {when: {annotator: ann, plan: first}, then: {back: 1}}
        - {when: {annotator: bob, plan: second}, then: {back: 1}}
        - {when: {annotator: cid, plan: penultimate}, then: {back: 1}}
        - {when: {annotator: dee, plan: last}, then: {back: 1}}
        - {then: {front: 1}}
  answer:
    role: answer
    mechanism: {kind: template, text: "= {order} ="}
"""

GRAPH = """
version: 1
name: NAME
nodes:
  question:  {role: question,  bind: {text: question}}
  rationale: {role: rationale, bind: {text: rationale}}
  answer:    {role: answer,    bind: {text: answer}}
edges: [question -> rationale -> answer, EDGE]
query: {do: question, read: question, write: [rationale, answer]}
objective: {nuisance: head}
"""

EXPERIMENT = """
version: 1
name: front_door
data: {world: door.yaml, rows: 5000}
treatment: skill
arms:
  - {graph: plain.yaml, name: plain likelihood}
  - {graph: hidden.yaml, name: front_door}
  - {graph: hidden.yaml, name: question_average, objective: {estimator: question_average, draws: 8}}
seeds: [1]
base: false
training: {steps: 500, batch_size: 32, learning_rate: 0.002, evaluate_every: 500}
evaluation: {items: 400, max_new_tokens: 24}
"""

SPLITS = ("same", "do", "reversed")


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--root", type=Path, help="where runs are kept; by default nowhere")
    seeds, root = (options := parser.parse_args()).seeds, options.root
    with tempfile.TemporaryDirectory() as folder:
        place = Path(root or folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / "door.yaml").write_text(WORLD, encoding="utf-8")
        for name, edge in (("plain", "question -> answer"), ("hidden", "question <-> answer")):
            (place / f"{name}.yaml").write_text(GRAPH.replace("NAME", name).replace("EDGE", edge), encoding="utf-8")
        (place / "front_door.yaml").write_text(EXPERIMENT, encoding="utf-8")
        experiment = load_experiment(place / "front_door.yaml")
        print("| arm | same distribution | do(skill) | reversed | seconds |\n| --- | ---: | ---: | ---: | ---: |")
        for arm in experiment.arms:
            records = [run(experiment, arm, seed, place / "runs") for seed in seeds]
            cells = [
                f"{100 * mean(found):.0f} ({', '.join(f'{100 * value:.0f}' for value in found)})"
                for found in ([r["splits"][split]["exact_match"] for r in records] for split in SPLITS)
            ]
            seconds = mean(record["seconds"]["train"] for record in records)
            print(f"| {arm.name} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
