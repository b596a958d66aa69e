#!/bin/sh
# Makes what a secured desk has to know: a CA, a certificate for its servers, a password for each
# user, keys. What is there already stays, so after an upgrade it adds what is new.
#
# usage: sh deploy/secure/secrets.sh [FOLDER]      default: deploy/secure/secrets
#
# One folder for each container, and in it a file for each setting (SECRETS_DIR). MONGO_SERVERS,
# MONGO_OPTIONS and MONGO_CA, a file's name there, go into each MONGO_URL, SMTP_URL to those who send
# mail.
set -eu
umask 022

folder=${1:-$(dirname "$0")/secrets}
MONGO_SERVERS=${MONGO_SERVERS:-mongo:27017}
MONGO_OPTIONS=${MONGO_OPTIONS:-replicaSet=rs0}
MONGO_CA=${MONGO_CA:-/run/secrets/desk/ca.pem}
SMTP_URL=${SMTP_URL:-smtp://mailpit:1025}
days=3650

services="inquiry_intake cancellation contract_archive notification customer_portal operations_console"
outside="agents billing channels inventory-system lag-monitor order-system registry"

mkdir -p "$folder"
# Containers' users read the files; on this machine nobody but their owner comes this far.
chmod 700 "$folder"
cd "$folder"

# keep FILE VALUE: unless the file is there. Without a newline, which Kafka would take as part of it.
keep() {
  [ -s "$1" ] || { mkdir -p "$(dirname "$1")" && printf '%s' "$2" > "$1.new" && mv "$1.new" "$1"; }
}
random() { openssl rand -hex 24; }
# shared FILE FOLDER...: the same random value in each
shared() {
  name=$1 && shift
  keep "shared/$name" "$(random)"
  for each; do keep "$each/$name" "$(cat "shared/$name")"; done
}

authority() {
  [ -s authority/ca.key ] && return
  mkdir -p authority
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days $days \
    -subj '/CN=contract-desk CA' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -keyout authority/ca.key -out authority/ca.pem 2>/dev/null
  chmod 600 authority/ca.key
}

# One certificate for broker and database: a PKCS #8 key, then the chain, as both read it.
certificate() {
  [ -s kafka/server.pem ] && return
  mkdir -p kafka mongo
  printf '%s\n' 'subjectAltName=DNS:kafka,DNS:mongo,DNS:localhost,IP:127.0.0.1' \
    'extendedKeyUsage=serverAuth,clientAuth' > authority/extensions
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out authority/server.key
  openssl req -new -key authority/server.key -subj '/O=contract-desk/CN=kafka' \
    -out authority/server.csr
  openssl x509 -req -in authority/server.csr -CA authority/ca.pem -CAkey authority/ca.key \
    -CAcreateserial -sha256 -days $days -extfile authority/extensions \
    -out authority/server.crt 2>/dev/null
  cat authority/server.key authority/server.crt authority/ca.pem > mongo/server.pem
  cp mongo/server.pem kafka/server.pem
  rm authority/server.key authority/server.csr authority/extensions
}

# mongo_url USER PASSWORD [SERVERS/?OPTIONS CA]: for a container, unless said otherwise
mongo_url() {
  echo "mongodb://$1:$2@${3:-$MONGO_SERVERS/?$MONGO_OPTIONS}&authSource=admin&tls=true&tlsCAFile=${4:-$MONGO_CA}"
}

# passwords NAME: one for Kafka and one for the database, for their servers and for who uses them
passwords() {
  keep "users/kafka/$1" "$(random)"
  keep "$1/kafka_password" "$(cat "users/kafka/$1")"
  keep "users/mongo/$1" "$(random)"
}

authority
certificate
for service in $services; do
  passwords "$service"
  keep "$service/mongo_url" "$(mongo_url "$service" "$(cat "users/mongo/$service")")"
done
# Operators work on this machine, by the ports that are published there.
passwords operators
keep operators/mongo_url \
  "$(mongo_url operators "$(cat users/mongo/operators)" '127.0.0.1:27017/?directConnection=true' "$PWD/operators/ca.pem")"
for name in $outside; do keep "users/kafka/$name" "$(random)"; done
keep users/mongo/restorer "$(random)"

keep kafka/admin "$(random)"
keep mongo/admin "$(random)"
keep mongo/key "$(openssl rand -base64 512 | tr -d '\n')"
keep administrator/kafka_password "$(cat kafka/admin)"
keep administrator/mongo_url "$(mongo_url admin "$(cat mongo/admin)")"

shared internal_credential inquiry_intake cancellation contract_archive notification operations_console operators
shared portal_credential cancellation contract_archive customer_portal
shared activation_code_key inquiry_intake contract_archive
shared document_code_key notification contract_archive
keep notification/recipient_hash_key "$(random)"
for service in customer_portal operations_console; do keep "$service/web_key" "$(random)"; done
for service in notification customer_portal operations_console; do keep "$service/smtp_url" "$SMTP_URL"; done

for each in $services operators administrator kafka mongo users; do cp authority/ca.pem "$each/ca.pem"; done
