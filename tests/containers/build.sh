#!/usr/bin/env bash
# Builds the images that `--infra docker` asks for where no registry is reachable: Apache Kafka from
# Maven's jars and the embedded database from PyPI's wheels, both on a Debian root file system.
# An image that the daemon has under its name is left alone: docker pull it where a registry has it.
set -euo pipefail
cd "$(dirname "$0")/../.."

JARS=tests/apache_kafka/target/jars
PYTHON=.venv/bin/python
BASE=contract-desk-tests/debian:bookworm
KAFKA=$("$PYTHON" -c 'from tests.infra import KAFKA_IMAGE as i; print(i)')
MONGO=$("$PYTHON" -c 'from tests.infra import MONGO_IMAGE as i; print(i)')

missing() { echo "$1; $2, then run: make test-docker" >&2; exit 1; }
has() { docker image inspect "$1" >/dev/null 2>&1; }

command -v docker >/dev/null || missing 'docker is not on the PATH' 'install Docker Engine (Debian: apt-get install docker.io)'
docker version >/dev/null 2>&1 || missing 'no Docker daemon answers' 'start dockerd, or set DOCKER_HOST'
if has "$KAFKA" && has "$MONGO"; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

base() {
  has "$BASE" && return
  command -v debootstrap >/dev/null || missing 'debootstrap is not on the PATH' 'apt-get install debootstrap'
  [ "$(id -u)" = 0 ] || missing 'a root file system is made by root alone' 'become root'
  # Where apt gets its packages, debootstrap does, too.
  local mirror
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 2>/dev/null | sed -n 's/^bookworm //p' | sed -n 1p)
  debootstrap --variant=minbase --include=openjdk-17-jre-headless,python3 \
    bookworm "$work/system" "${mirror:-https://deb.debian.org/debian}"
  rm -rf "$work/system/var/cache/apt/archives" "$work/system/var/lib/apt/lists" "$work/system/usr/share/doc"
  tar --directory "$work/system" --create . | docker import - "$BASE"
}

kafka() {
  ls $JARS/kafka_*.jar >/dev/null 2>&1 || missing "the broker's jars are not there" 'install Maven and Java 17'
  cp -r tests/containers/kafka "$work/kafka"
  cp -r "$JARS" "$work/kafka/jars"
  docker build --tag "$KAFKA" "$work/kafka"
}

mongo() {
  cp -r tests/containers/mongo "$work/mongo"
  # Debian's Python is 3.11, whichever this one is.
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --python-version 3.11 \
    --only-binary :all: --target "$work/mongo/packages" -c constraints.txt SecantusDB
  docker build --tag "$MONGO" "$work/mongo"
}

base
has "$KAFKA" || kafka
has "$MONGO" || mongo
