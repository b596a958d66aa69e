"""Writes deploy/kubernetes/base from the catalogue: `python -m deploy.kubernetes.source`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes.network import policies
from deploy.kubernetes.parts import NAMES, dashed
from deploy.kubernetes.scaling import scaling
from deploy.kubernetes.strimzi import kafka_users, topics
from deploy.kubernetes.workloads import settings, workloads
from shared.operations.rights import LAG_MONITOR

FOLDER = Path(__file__).parent / "base"
HEAD = "# By `make docs`, from deploy/kubernetes/*.py. Change those, or an overlay.\n"
KUSTOMIZATION = "kustomization.yaml"


def files() -> dict[str, str]:
    """Every file of the base, by name."""
    made = {
        **{f"{dashed(name)}.yaml": written(workloads(name)) for name in NAMES},
        "network-policies.yaml": written(policies()),
        "scaling.yaml": written(scaling()),
        "kafka-topics.yaml": written(topics()),
        "kafka-users.yaml": written(kafka_users()),
    }
    return made | {KUSTOMIZATION: written([kustomization(sorted(made))])}


def kustomization(resources: list[str]) -> dict[str, Any]:
    """Pods start again when their ConfigMap changes: its name has a hash of it. KEDA asks for its
    own by name.
    """
    maps = [config_map(name, values) for name, values in settings().items()]
    named = config_map(LAG_MONITOR, {"username": LAG_MONITOR})
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
        "configMapGenerator": [*maps, named | {"options": {"disableNameSuffixHash": True}}],
    }


def config_map(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "literals": [f"{key}={value}" for key, value in values.items()]}


def written(documents: Iterable[Mapping[str, Any]]) -> str:
    return HEAD + yaml.dump_all(
        documents, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    )


class _Plain(yaml.SafeDumper):
    """Repeats what is the same in two places; Kubernetes' readers like no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
