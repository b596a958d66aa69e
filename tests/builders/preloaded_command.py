"""Runs `desk` in processes forked from one that has imported every command already.

A command spends most of its time importing. A fork is a process as a person would start it, with a
directory, an environment, files and an end of its own, but for what it would have to import.
`test_startup` says what a command imports, and other tests start the installed script itself.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

import desk.cli
import desk.commands

MOST_BYTES = 1024 * 1024


async def forked(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str
) -> tuple[int, str, str]:
    """Run `desk …` to its end: its exit code (minus the signal) and what it said.

    A command that is cancelled is killed.
    """
    asked = json.dumps({"argv": arguments, "cwd": str(cwd), "env": dict(env)}).encode()
    reader = asyncio.StreamReader()
    told, tell = os.pipe()
    ending = os.fdopen(told, "rb")
    with ending, TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        files = [given.fileno(), out.fileno(), err.fileno(), tell]
        socket.send_fds(_server(), [asked], files)
        os.close(tell)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), ending
        )
        try:
            pid = int(await reader.readline())
            try:
                status = int(await reader.readline())
            except BaseException:
                os.kill(pid, signal.SIGKILL)
                raise
        finally:
            transport.close()
        for file in (out, err):
            file.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()


@cache
def _server() -> socket.socket:
    """The socket that the process with the imports listens on; it ends with this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    started = subprocess.Popen(
        [sys.executable, "-P", __file__, str(its.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
    )
    its.close()

    def end() -> None:
        ours.close()
        started.wait()

    atexit.register(end)
    return ours


def main() -> None:
    for module in pkgutil.iter_modules(desk.commands.__path__):
        importlib.import_module(f"{desk.commands.__name__}.{module.name}")
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    desk.cli.main()


def _serve(listening: socket.socket) -> None:
    """Returns in a command's own process alone, with everything as the command was asked."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked is told how a command ended
    while True:
        asked, files, _, _ = socket.recv_fds(listening, MOST_BYTES, 4)
        if not asked:
            os._exit(0)
        if os.fork() == 0:
            listening.close()
            break
        for file in files:
            os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, tell = files
    if (pid := os.fork()) != 0:
        os.write(tell, f"{pid}\n".encode())
        os.write(tell, f"{os.waitpid(pid, 0)[1]}\n".encode())
        os._exit(0)
    _become(json.loads(asked), standard)
    os.close(tell)


def _become(asked: Mapping[str, object], standard: Sequence[int]) -> None:
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.chdir(str(asked["cwd"]))
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]
    time.tzset()
    sys.argv = [str(Path(sys.executable).with_name("desk")), *asked["argv"]]  # type: ignore[misc]


if __name__ == "__main__":
    main()
