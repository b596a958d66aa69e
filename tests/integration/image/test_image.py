"""The image as a platform runs it: as a user without rights, on a file system that stays as it is.

`make image` builds it; where the daemon does not have it, these tests are skipped.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from deploy.kubernetes.parts import NAMES, SETTINGS
from shared.environment import refused_defaults
from tests.builders.container_files import project_version

IMAGE = f"contract-desk:{project_version()}"
CLOSED = (
    *("--read-only", "--tmpfs", "/tmp"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--network", "none"),
)
"""Options that restrict a container as docker-compose.yml and the manifests do, plus no network."""
WITHIN_S = 120.0
ASKED = """
import json, sys
from http.client import HTTPConnection
page = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
page.request("GET", sys.argv[2], headers={"Host": "localhost:8080"})
answer = page.getresponse()
print(json.dumps([answer.status, answer.read().decode(errors="replace")]))
"""

pytestmark = pytest.mark.long("starts a container for each service")
each_service = pytest.mark.parametrize("name", NAMES)


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], check=False, capture_output=True, text=True, timeout=WITHIN_S
    )


@pytest.fixture(scope="module", autouse=True)
def image() -> None:
    try:
        found = docker("image", "inspect", IMAGE)
    except FileNotFoundError:
        pytest.skip("docker is not on the PATH; install Docker Engine, then: make image")
    if found.returncode:
        pytest.skip(f"the daemon has no {IMAGE}; run: make image")


def inside(program: str, *arguments: str) -> str:
    ran = docker("run", "--rm", *CLOSED, "--entrypoint", program, IMAGE, *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@each_service
def test_a_service_without_settings_says_which_it_lacks_and_ends(name: str) -> None:
    ran = docker("run", "--rm", *CLOSED, IMAGE, f"services.{name}")

    assert ran.returncode == 1
    told = {line.split(":")[0].strip() for line in ran.stderr.splitlines()[1:]}
    assert told == {it.split(":")[0] for it in refused_defaults(SETTINGS[name], {})}


def test_the_command_is_there_and_is_of_this_version() -> None:
    assert inside("desk", "--version").split() == ["contract-desk", project_version()]


def test_nothing_runs_as_root_and_no_file_is_its_users_own_or_everybodys() -> None:
    look = "find / -xdev -type f \\( -user 10001 -o -perm -0002 \\) 2>/dev/null; id -u"

    assert inside("sh", "-c", look).splitlines() == ["10001"]


def test_what_filled_the_environment_is_not_in_it() -> None:
    look = "import os, sysconfig; print(*os.listdir(sysconfig.get_path('purelib')))"
    listed = inside("python", "-c", look).split()

    assert "starlette" in listed
    assert {"pip", "setuptools", "pytest", "secantus", "noida_db"}.isdisjoint(listed)


Ask = Callable[[int, str], tuple[int, str]]


@pytest.fixture
def ask(name: str) -> Iterator[Ask]:
    """Asks the service, which runs without broker and database, for a page of one of its ports."""
    container = f"desk-{uuid4().hex[:8]}"
    told = {"DEVELOPMENT_DEFAULTS": "true", "HTTP_PORT": "8080", "WEB_PORT": "8088"}
    options = [it for key, value in told.items() for it in ("--env", f"{key}={value}")]
    started = docker(
        *("run", "--detach", "--init", "--name", container),
        *(*CLOSED, *options, IMAGE, f"services.{name}"),
    )
    assert started.returncode == 0, started.stderr

    def asked(port: int, path: str) -> tuple[int, str]:
        deadline = time.monotonic() + WITHIN_S
        while True:
            answer = docker("exec", container, "python", "-c", ASKED, str(port), path)
            if answer.returncode == 0:
                status, text = json.loads(answer.stdout)
                return status, text
            assert time.monotonic() < deadline, answer.stderr + docker("logs", container).stderr
            time.sleep(0.5)

    try:
        yield asked
        docker("stop", "--time", "60", container)
        [state] = json.loads(docker("inspect", container).stdout)
        assert state["State"]["ExitCode"] == 0
    finally:
        docker("rm", "--force", container)


@each_service
def test_a_service_lives_without_its_servers_and_ends_when_it_is_told_to(
    name: str, ask: Ask
) -> None:
    assert ask(8080, "/live")[0] == 200
    status, page = ask(8080, "/health")

    assert status == 503
    assert json.loads(page)["service"] == name


@pytest.mark.parametrize("name", ["customer_portal", "operations_console"])
def test_pages_have_their_templates_languages_and_static_files(name: str, ask: Ask) -> None:
    status, page = ask(8088, "/es/entrar")
    files = re.findall(r'"(/static/[^"]+)"', page)

    assert status == 200
    assert "Entrar" in page
    assert files
    assert {ask(8088, it)[0] for it in files} == {200}
