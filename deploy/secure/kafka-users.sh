#!/bin/sh
# Gives every user of the folder USERS the password in the file of its name; others stay.
set -eu
for file in "$USERS"/*; do
  user=$(basename "$file")
  kafka-configs.sh --bootstrap-server "$BROKER" --command-config "$ADMIN" --alter \
    --entity-type users --entity-name "$user" --add-config "SCRAM-SHA-512=[password=$(cat "$file")]"
done
