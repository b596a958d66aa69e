"""Starts the embedded database as MongoDB's image starts MongoDB.

Its first user is that of the environment; it is made before the database asks for one.
"""

import os
import subprocess
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

DATA = "/data"
WITHIN_S = 120.0
COMMAND = [
    *(sys.executable, "-c", "from secantus.cli import main; main()"),
    *("--host", "0.0.0.0", "--port", "27017"),
    *("--standalone", "--storage-path", DATA, "--cache-size", "256M", "--log-level", "WARNING"),
]


def answers(client: "MongoClient[Any]") -> bool:
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def wait_for(client: "MongoClient[Any]") -> None:
    until = time.monotonic() + WITHIN_S
    while not answers(client):
        if time.monotonic() > until:
            sys.exit(f"the database does not answer within {WITHIN_S:.0f} s")


def make_user(name: str, password: str) -> None:
    server = subprocess.Popen(COMMAND)
    with MongoClient[Any](
        "127.0.0.1", 27017, directConnection=True, serverSelectionTimeoutMS=500
    ) as client:
        wait_for(client)
        roles = [{"role": "root", "db": "admin"}]
        client.admin.command("createUser", name, pwd=password, roles=roles)
    server.terminate()
    server.wait()


def main() -> None:
    name, password = (os.environ[f"MONGO_INITDB_ROOT_{part}"] for part in ("USERNAME", "PASSWORD"))
    make_user(name, password)
    server = subprocess.Popen([*COMMAND, "--auth"])
    with MongoClient[Any](
        "127.0.0.1",
        27017,
        username=name,
        password=password,
        directConnection=True,
        serverSelectionTimeoutMS=500,
    ) as client:
        wait_for(client)
    print("waiting for connections")
    sys.exit(server.wait())


if __name__ == "__main__":
    main()
