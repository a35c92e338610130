"""The run store: one folder a run, named by what the run is, finished when its result is there."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from causal_reasoning.data.identity import file_digest, sources_identity
from causal_reasoning.data.load import load_world_of
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.experiment.data_spec import FileData, WorldData
from causal_reasoning.experiment.reader import digest_of
from causal_reasoning.graph.spec import EnvironmentPolicy
from causal_reasoning.training.model import resolve_model

SCHEMA = 2
RESULT = "result.json"
_PACKAGES = ("causal-reasoning", "torch", "transformers", "peft", "accelerate", "pyro-ppl", "numpy")


def run_config(experiment: Experiment, arm: Arm, seed: int) -> dict[str, Any]:
    """Everything that can change a run's result, as plain data.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    arm : Arm
        Which row of the comparison.
    seed : int
        Which repetition.

    Returns
    -------
    dict
        Its digest names the run's folder. Files count by content, so that editing one starts a new run.
    """
    spec, policy = experiment.spec, experiment.policy
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "arm": arm.name,
        "kind": arm.kind,
        "graph": arm.graph.canonical() if arm.graph else None,
        "seed": seed,
        "data": _data_identity(experiment),
        "model": _model_identity(experiment),
        "prompt": spec.prompt,
        **({"chat": experiment.chat.model_dump()} if experiment.chat else {}),
        "read": list(experiment.read),
        "write": list(experiment.write),
        "treatment": experiment.treatment,
        "strata": experiment.strata,
        "policy": policy.model_dump() if isinstance(policy, EnvironmentPolicy) else policy,
        "adapter": experiment.adapter(arm).model_dump(),
        "training": spec.training.model_dump(),
        "evaluation": spec.evaluation.model_dump(by_alias=True),
    }


def run_folder(root: Path, config: dict[str, Any], arm: Arm) -> Path:
    """The folder of a run: ``root/experiment/arm-sSEED-DIGEST``."""
    digest = digest_of(config)
    return root / str(config["experiment"]) / f"{arm.slug}-s{config['seed']}-{digest[:12]}"


def read_result(folder: Path) -> dict[str, Any] | None:
    """The result of a finished run, or ``None``."""
    path = folder / RESULT
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError.at(str(path), f"is not a result ({error}); remove the run's folder to repeat it") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError.at(str(path), f"is not a result of schema {SCHEMA}; remove the run's folder to repeat it")
    return record


def find_results(root: Path) -> list[dict[str, Any]]:
    """All finished runs below a folder, in the order of their folders.

    Raises
    ------
    InputError
        If there is no such folder or no finished run in it.
    """
    if not root.is_dir():
        raise InputError.at(str(root), "there is no such folder of runs")
    records = [read_result(path.parent) for path in sorted(root.rglob(RESULT))]
    found = [record for record in records if record is not None]
    if not found:
        raise InputError.at(str(root), "holds no finished run; run 'causal-reasoning sweep' first")
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _data_identity(experiment: Experiment) -> dict[str, Any]:
    data = experiment.spec.data
    # Options that are not used do not count, so that a new option leaves old digests alone.
    spec = data.model_dump(by_alias=True, exclude_defaults=isinstance(data, FileData))
    identity: dict[str, Any] = {"spec": spec, "sources": sources_identity(experiment)}
    if isinstance(data, WorldData):
        identity["world"] = load_world_of(experiment, data).digest
    return identity


def _model_identity(experiment: Experiment) -> dict[str, Any]:
    source = resolve_model(experiment.spec.model, experiment.folder)
    folder = Path(source)
    if not folder.is_dir():
        return {"name": source}
    files = sorted(p for p in folder.iterdir() if p.suffix in (".json", ".safetensors", ".bin", ".model"))
    # Large weight files count by name and size, small files by content.
    listed = {p.name: file_digest(p) if p.stat().st_size < 1 << 24 else str(p.stat().st_size) for p in files}
    return {"name": experiment.spec.model, "files": listed}
