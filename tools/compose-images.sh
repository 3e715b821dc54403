#!/usr/bin/env bash
# What `make test-compose` needs before it can start: a Docker daemon, docker compose and the images.
#
#   compose-images.sh daemon   see to a daemon and docker compose: use what is there; as root, install and start them
#   compose-images.sh build    see to the official images, then build the image guanxi
#
# Exit code 3: there is no daemon here and none can be started, which is no fault of the project.
#
# Images that cannot be pulled, because no image registry is within reach, are replaced by stand-ins of the same name,
# made from Debian's packages and Neo4j's jars; as root only. They do what docker-compose.yml asks of the official ones
# and no more, and carry the label guanxi.stand-in: `docker image ls --filter label=guanxi.stand-in` shows them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON_IMAGE=python:3.11-slim-bookworm
NEO4J_IMAGE=neo4j:5.26-community
DAEMON_LOG=${TMPDIR:-/tmp}/guanxi-dockerd.log

say() { printf 'compose-images: %s\n' "$*" >&2; }

give_up() {
  say "$*"
  exit 3
}

fail() {
  say "$*"
  exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

install_packages() { # NAME...
  is_root && command -v apt-get >/dev/null || return 1
  say "installing $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null
}

# ---- daemon ----------------------------------------------------------------------------------------------------------

answers() { docker info >/dev/null 2>&1; }

has_compose() { docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null; }

start_daemon() {
  local _
  nohup dockerd >"$DAEMON_LOG" 2>&1 </dev/null &
  for _ in $(seq 60); do
    if answers; then return 0; fi
    sleep 0.5
  done
  tail -n 3 "$DAEMON_LOG" >&2
  return 1
}

daemon() {
  if ! command -v docker >/dev/null || { ! answers && ! command -v dockerd >/dev/null; }; then
    install_packages docker.io iptables || give_up "there is no Docker here"
  fi
  if ! answers; then
    is_root || give_up "no Docker daemon answers, and only root can start one"
    start_daemon || give_up "no Docker daemon can be started here; its log is $DAEMON_LOG"
    say "started a Docker daemon, which runs on; its log is $DAEMON_LOG"
  fi
  has_compose || install_packages docker-compose || give_up "there is no docker compose here"
}

# ---- images ----------------------------------------------------------------------------------------------------------

# A docker program that builds with BuildKit: up to version 22 it is part of it, later ones need the plug-in buildx.
builder() {
  local program version
  while read -r program; do
    version=$("$program" version --format '{{.Client.Version}}' 2>/dev/null || true)
    if "$program" buildx version >/dev/null 2>&1 || [ "${version%%.*}" -lt 23 ]; then
      echo "$program"
      return
    fi
  done < <(type -ap docker)
  fail "docker has no BuildKit; install its plug-in buildx"
}

build_image() { # ARGUMENT...
  DOCKER_BUILDKIT=1 "$(builder)" build --quiet --network host "$@" >/dev/null
}

see_to() { # IMAGE COMMAND: what makes a stand-in
  docker image inspect "$1" >/dev/null 2>&1 && return
  timeout 300 docker pull --quiet "$1" >/dev/null 2>&1 && return
  is_root || fail "$1 cannot be pulled, and only root can make a stand-in"
  say "$1 cannot be pulled; making a stand-in"
  "$2"
}

apt_mirror() { # the one that this machine uses, if it is Debian's
  grep -qx 'ID=debian' /etc/os-release || return 0
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -nE 's/^(URIs:|deb)( +\[[^]]*\])? +([^ ]+).*/\3/p' | head -n 1
}

python_stand_in() {
  command -v debootstrap >/dev/null || install_packages debootstrap || fail "debootstrap cannot be installed"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # shellcheck disable=SC2046 # no mirror is no argument
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv bookworm "$work/tree" \
    $(apt_mirror) >"$work/log" 2>&1 || fail "debootstrap failed: $(tail -n 3 "$work/log")"
  ln -s python3 "$work/tree/usr/bin/python"
  rm -f "$work"/tree/usr/lib/python3.*/EXTERNALLY-MANAGED
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/*
  tar -C "$work/tree" -c . | docker import --change 'LABEL guanxi.stand-in=yes' - "$PYTHON_IMAGE" >/dev/null
  rm -rf "$work"
}

neo4j_stand_in() {
  local jars
  jars=$(tools/neo4j/neo4j.sh fetch)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/jars"
  cp "$jars"/*.jar "$work/jars/"
  cp tools/neo4j/stand-in/* "$work/"
  build_image --build-arg "BASE=$PYTHON_IMAGE" -t "$NEO4J_IMAGE" "$work" || fail "the stand-in for $NEO4J_IMAGE was not built"
  rm -rf "$work"
}

# What pip reaches its index with stands in this machine's settings; it enters the build as secrets and no layer.
pip_settings() { # FILE
  local name value
  echo '[global]' >"$1"
  for name in index-url extra-index-url trusted-host timeout; do
    value=$(python3 -m pip config list 2>/dev/null | sed -n "s|^[^=]*\.$name='\(.*\)'\$|\1|p" | head -n 1)
    [ -z "$value" ] || echo "$name = $value" >>"$1"
  done
}

build() {
  see_to "$PYTHON_IMAGE" python_stand_in
  see_to "$NEO4J_IMAGE" neo4j_stand_in
  local settings certificates=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt} secrets
  settings=$(mktemp)
  pip_settings "$settings"
  secrets=(--secret "id=pip,src=$settings")
  [ ! -f "$certificates" ] || secrets+=(--secret "id=certs,src=$certificates")
  build_image "${secrets[@]}" -t guanxi . || fail "the image guanxi was not built; see above"
  rm -f "$settings"
}

case ${1:-} in
  daemon) daemon ;;
  build) build ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
