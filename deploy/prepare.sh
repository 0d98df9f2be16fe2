#!/bin/sh
# Makes what deploy/compose.yaml needs and no repository may hold: certificates, passwords, tokens.
#     sh deploy/prepare.sh [HOST-OR-ADDRESS-OF-THE-BROKER …]
# What is there already stays: run it again whenever something is missing. TOCSIN names the program where it is not on
# the PATH, e.g. TOCSIN="docker run --rm -u $(id -u) -v $PWD/deploy:/deploy -w / tocsin:0.1.0" with /deploy as folder.
set -eu
umask 077
here=${DEPLOY:-$(cd "$(dirname "$0")" && pwd)}
tocsin=${TOCSIN:-tocsin}
certs=$here/compose/certs
secrets=$here/compose/secrets
sites=$here/compose/sites

word() { # 32 random bytes, of characters that need no quoting anywhere
  head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}
once() { # NAME: a secret from standard input, unless it is there
  if [ -e "$secrets/$1" ]; then cat >/dev/null; else cat >"$secrets/$1.new" && mv "$secrets/$1.new" "$secrets/$1"; fi
}
sans() {
  for name in mosquitto localhost 127.0.0.1 "$@"; do printf ' --san %s' "$name"; done
}

mkdir -p "$secrets"
if [ ! -e "$sites" ]; then mkdir -p "$sites" && cp "$here/example/site.yaml" "$sites/"; fi
if [ ! -e "$certs/ca.pem" ]; then $tocsin certs init --folder "$certs"; fi
# shellcheck disable=SC2046 # one word each
if [ ! -e "$certs/server/mosquitto.pem" ]; then $tocsin certs server mosquitto --folder "$certs" $(sans "$@"); fi
if [ ! -e "$certs/clients/tocsin-gateway.pem" ]; then $tocsin certs gateway --folder "$certs"; fi
if [ ! -e "$certs/clients/tocsin-watcher.pem" ]; then $tocsin certs client tocsin-watcher --folder "$certs"; fi

# Renewed certificates and the list of revoked ones are brought in each time.
cp "$certs/ca.pem" "$secrets/broker_ca"
cp "$certs/crl.pem" "$secrets/broker_crl"
cp "$certs/server/mosquitto.pem" "$secrets/broker_cert"
cp "$certs/server/mosquitto.key" "$secrets/broker_key"
cp "$certs/clients/tocsin-gateway.pem" "$secrets/gateway_cert"
cp "$certs/clients/tocsin-gateway.key" "$secrets/gateway_key"
cp "$certs/clients/tocsin-watcher.pem" "$secrets/watcher_cert"
cp "$certs/clients/tocsin-watcher.key" "$secrets/watcher_key"

for name in postgres_admin postgres_tocsin postgres_reader metrics_token influx_admin influx_token grafana_admin; do
  word | once "$name"
done
printf 'prometheus %s\n' "$(cat "$secrets/metrics_token")" | once api_tokens

# Compose mounts each file into containers of different users: readable there, and here behind a folder that is not.
chmod 0444 "$secrets"/*
chmod 0700 "$secrets" "$certs"
chmod -R go+rX "$sites"
echo "Ready: $secrets, $certs. Keep $certs/ca.key elsewhere."
