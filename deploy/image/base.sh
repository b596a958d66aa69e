#!/bin/sh
# Makes contract-desk-base:bookworm where no registry is reachable: Debian's Python on a root file
# system from where apt gets its packages. Then: make image BASE=contract-desk-base:bookworm
set -eu
missing() { echo "$1; $2" >&2; exit 1; }

command -v debootstrap >/dev/null || missing 'debootstrap is not on the PATH' 'apt-get install debootstrap'
[ "$(id -u)" = 0 ] || missing 'a root file system is made by root alone' 'become root'
docker version >/dev/null 2>&1 || missing 'no Docker daemon answers' 'start dockerd, or set DOCKER_HOST'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 2>/dev/null | sed -n 's/^bookworm //p' | sed -n 1p)
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
  bookworm "$work/system" "${mirror:-https://deb.debian.org/debian}"
ln -s python3 "$work/system/usr/bin/python"
rm -rf "$work/system/var/cache/apt/archives" "$work/system/var/lib/apt/lists" "$work/system/usr/share/doc"
tar --directory "$work/system" --create . | docker import - contract-desk-base:bookworm
