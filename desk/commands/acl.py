"""`desk acl`: users, access control lists and database roles, generated from the catalogue."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from desk.commands.addresses import find
from desk.commands.console import print_json
from desk.commands.errors import FAILED, DeskError
from shared.kafka.acls import create_acls
from shared.mongo.users import User, write_users
from shared.operations.rights import database_rights, kafka_rights, merged, users
from shared.outage import Outage
from shared.settings import RuntimeSettings

KAFKA_HEAD = """\
#!/bin/sh
# Users and ACLs of the desk, by `desk acl kafka`. Nothing is taken away, and nothing changes when
# it is run again.
# usage: sh THIS --bootstrap-server HOST:PORT --command-config ADMIN.properties
# Each user's password is taken from the environment, as PASSWORD_<USER>.
set -eu
"""
MONGODB_HEAD = """\
// Users and roles of the desk, by `desk acl mongodb`. Run again, it sets the roles and leaves the
// passwords. usage: mongosh URL-OF-AN-ADMINISTRATOR THIS
"""
MONGODB_TAIL = """\
const admin = db.getSiblingDB("admin");
for (const { user, roles } of users) {
  if (admin.getUser(user)) {
    admin.updateUser(user, { roles });
  } else {
    print(`password of ${user}:`);
    admin.createUser({ user, pwd: passwordPrompt(), roles });
  }
}
"""


def kafka(*, as_json: bool, apply: bool, directory: Path, address: str | None) -> None:
    """Print the rights on the broker, or write them there."""
    if apply:
        _apply(find(directory, kafka=address).settings())
        return
    settings = RuntimeSettings()
    if as_json:
        print_json(kafka_json(settings))
    else:
        print(kafka_script(settings), end="")


def mongodb(*, as_json: bool, apply: bool, passwords: Path | None) -> None:
    """Print the rights in the database, or write users there."""
    settings = RuntimeSettings()
    if apply:
        _write_users(settings, passwords)
    elif as_json:
        print_json(mongodb_json(settings))
    else:
        print(mongodb_script(settings), end="")


def _apply(settings: RuntimeSettings) -> None:
    rights = kafka_rights(settings)
    try:
        asyncio.run(create_acls(settings, rights))
    except Outage as outage:
        raise DeskError(
            f"the broker does not take the ACLs ({type(outage.__cause__).__name__}).\n"
            "It needs an authorizer, and KAFKA_USERNAME a user who may alter the cluster.",
            code=FAILED,
        ) from None
    print(f"{len(rights)} ACLs of {len(users())} users are on the broker")


def _write_users(settings: RuntimeSettings, passwords: Path | None) -> None:
    if passwords is None:
        raise DeskError("--apply needs --passwords, a folder with a file for each user.")
    known = [
        User(it.user, _password(passwords / it.user), it.roles) for it in database_rights(settings)
    ]
    try:
        asyncio.run(write_users(settings.mongo_url, known))
    except Outage as outage:
        raise DeskError(
            f"the database does not take the users ({type(outage.__cause__).__name__}).\n"
            "MONGO_URL has to name an administrator, its password and authSource=admin.",
            code=FAILED,
        ) from None
    print(f"{len(known)} users are in the database")


def _password(file: Path) -> str:
    try:
        password = file.read_text("utf-8").strip()
    except OSError:
        password = ""
    if not password:
        raise DeskError(f"{file} has no password.")
    return password


def kafka_json(settings: RuntimeSettings) -> dict[str, object]:
    acls = [
        {
            "principal": rights.principal,
            "host": "*",
            "permission": "Allow",
            "operation": rights.operation,
            "resource": rights.resource,
            "pattern": rights.pattern,
            "name": rights.name,
        }
        for rights in kafka_rights(settings)
    ]
    return {"users": users(), "acls": acls}


def kafka_script(settings: RuntimeSettings) -> str:
    lines = [
        f'kafka-configs.sh "$@" --alter --entity-type users --entity-name {user} --add-config'
        f' "{settings.kafka_sasl_mechanism}=[password=${{{password_of(user)}:?}}]"'
        for user in users()
    ]
    for (user, resource, operation, pattern), names in merged(kafka_rights(settings)).items():
        named = " ".join(f"--{resource.lower()} {name}" for name in names)
        lines.append(
            f'kafka-acls.sh "$@" --add --allow-principal User:{user} --operation {operation}'
            f" --resource-pattern-type {pattern.lower()} {named}"
        )
    return KAFKA_HEAD + "".join(f"{line}\n" for line in lines)


def password_of(user: str) -> str:
    """The environment variable that holds a user's password."""
    return f"PASSWORD_{user.upper().replace('-', '_')}"


def mongodb_json(settings: RuntimeSettings) -> list[dict[str, object]]:
    return [
        {"user": rights.user, "roles": [{"role": role, "db": db} for role, db in rights.roles]}
        for rights in database_rights(settings)
    ]


def mongodb_script(settings: RuntimeSettings) -> str:
    listed = json.dumps(mongodb_json(settings), indent=2)
    return f"{MONGODB_HEAD}const users = {listed};\n{MONGODB_TAIL}"
