"""The image: the product alone, run by nobody in particular, from nowhere in particular."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.builders.container_files import ROOT, let_into_the_build, project_version, stages

BUILD, FINAL = stages()
IMAGE = ROOT / "deploy" / "image"


def of_the_image(name: str) -> str:
    """The arguments of the final stage's last instruction of this name."""
    return [each.arguments for each in FINAL if each.name == name][-1]


def test_the_image_runs_as_a_user_without_rights_known_by_number() -> None:
    assert of_the_image("USER") == "10001:10001"


@pytest.mark.parametrize(
    ("instruction", "words"),
    [("ENTRYPOINT", ["python", "-m"]), ("CMD", ["services.inquiry_intake"])],
)
def test_no_shell_stands_between_docker_and_the_service(instruction: str, words: list[str]) -> None:
    assert json.loads(of_the_image(instruction)) == words


def test_the_image_is_stopped_by_the_signal_the_services_wait_for() -> None:
    assert of_the_image("STOPSIGNAL") == "SIGTERM"


def test_both_stages_stand_on_the_base_that_the_builder_chooses() -> None:
    assert [stage[0].arguments for stage in (BUILD, FINAL)] == ["${BASE} AS build", "${BASE}"]


def test_nothing_is_installed_in_the_final_stage() -> None:
    commands = " ".join(each.arguments for each in FINAL if each.name == "RUN")

    assert [word for word in ("pip", "apt", "apk", "curl", "wget") if word in commands] == []


def test_everything_that_is_installed_is_named_by_hash_and_no_extra_is() -> None:
    installs = [each.arguments for each in BUILD if " install " in each.arguments]

    assert [line.partition(" install ")[2].split(" && ")[0] for line in installs] == [
        "--require-hashes --only-binary :all: -r deploy/image/build.txt",
        "--require-hashes --only-binary :all: -r deploy/image/requirements.txt",
        "--no-deps --no-index /wheel/*.whl",
    ]


def test_our_own_wheel_is_built_by_nothing_that_is_fetched_for_it() -> None:
    [wheel] = [each.arguments for each in BUILD if '"wheel"' in each.arguments]

    assert {"--no-deps", "--no-index", "--no-build-isolation"} <= set(json.loads(wheel))
    [pinned] = re.findall(r"^setuptools==(\d+)", (IMAGE / "build.txt").read_text("utf-8"), re.M)
    assert int(pinned) >= least_setuptools()


def least_setuptools() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [needed] = project["build-system"]["requires"]
    return int(str(needed).removeprefix("setuptools>="))


def test_the_same_sources_make_the_same_files() -> None:
    """Bytecode names its source's hash where this is set, and every file has one time."""
    [epoch] = [each.arguments for each in BUILD if each.name == "ARG"]
    environment = " ".join(each.arguments for each in BUILD if each.name == "ENV")
    last = BUILD[-1].arguments

    assert epoch.startswith("SOURCE_DATE_EPOCH=")
    assert "SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}" in environment
    assert "PYTHONHASHSEED=0" in environment
    assert 'touch --no-dereference --date "@${SOURCE_DATE_EPOCH}"' in last


def test_the_builder_alone_says_where_packages_come_from() -> None:
    everything = " ".join(each.arguments for stage in (BUILD, FINAL) for each in stage)

    assert [word for word in ("://", "index-url", "trusted-host") if word in everything] == []
    assert everything.count("--mount=type=secret,id=pip,target=/etc/pip.conf") == 2


def test_the_image_says_which_version_it_is() -> None:
    assert f'org.opencontainers.image.version="{project_version()}"' in of_the_image("LABEL")


def test_exactly_what_is_copied_may_enter_the_build() -> None:
    copies = [each.arguments.split() for each in BUILD if each.name == "COPY"]
    sources = [source for *sources, _target in copies for source in sources]

    assert sorted(sources) == sorted(let_into_the_build())
