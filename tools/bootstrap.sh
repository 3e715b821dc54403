#!/bin/sh
# Fills .venv from uv.lock, on a machine that has nothing but Python 3.11 or newer (another one: PYTHON=python3.12).
#
#   bootstrap.sh [dev]          everything the lock names, and this checkout as an editable install
#   bootstrap.sh dependencies   only what Guanxi needs to run, without Guanxi itself (a layer of the image)
#   bootstrap.sh project        Guanxi itself, built as a wheel, into the .venv that is there
#   bootstrap.sh bench          besides that, the peers that the benchmarks measure
#   bootstrap.sh uv             only uv
#
# uv comes from PyPI by pip, into .uv/, so that the user's pip settings hold. uv does not read those: the certificates
# are handed on, and where pip has an index of its own, the locked versions are fetched from there and checked against
# the locked hashes, because `uv sync` insists on the addresses in the lock.
set -eu

UV_VERSION=0.13.9
PYTHON=${PYTHON:-python3}
export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv
unset VIRTUAL_ENV
cd "$(dirname "$0")/.."

fail() {
  printf 'bootstrap: %s\n' "$*" >&2
  exit 1
}

check_python() {
  command -v "$PYTHON" >/dev/null || fail "there is no $PYTHON on the PATH; Guanxi needs Python 3.11 or newer"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$PYTHON is $("$PYTHON" --version 2>&1), not 3.11 or newer; name a newer one: make PYTHON=python3.12 ..."
  python=$("$PYTHON" -c 'import sys; print(sys.executable)')
}

run_pip() {
  if [ -x .uv/bin/python ]; then .uv/bin/python -m pip "$@"; else "$python" -m pip "$@"; fi
}

# Debian's python3 has neither venv nor pip until their packages are installed; either of the two is enough.
install_uv() {
  [ "$(.uv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" = "$UV_VERSION" ] && return
  rm -rf .uv
  if "$python" -m venv .uv >/dev/null 2>&1; then
    set -- "uv==$UV_VERSION"
  elif rm -rf .uv && "$python" -m pip --version >/dev/null 2>&1; then
    set -- --target .uv "uv==$UV_VERSION"
  else
    fail "$python has neither venv nor pip; install one of them (Debian, Ubuntu: apt install python3-venv)"
  fi
  PIP_USER=0 run_pip install --quiet --disable-pip-version-check "$@" || {
    rm -rf .uv
    fail "pip could not install uv $UV_VERSION; its message stands above"
  }
}

# A setting of pip by name; pip's own order: environment, then [install], then [global].
pip_setting() {
  settings=$(run_pip config list 2>/dev/null || true)
  for section in :env: install global; do
    value=$(printf '%s\n' "$settings" | sed -n "s|^$section\.$1='\(.*\)'\$|\1|p" | head -n 1)
    [ -z "$value" ] || break
  done
  printf '%s' "$value"
}

take_pip_settings() {
  cert=$(pip_setting cert)
  if [ -n "$cert" ] && [ -z "${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$cert"; fi
  index=${UV_DEFAULT_INDEX:-$(pip_setting index-url)}
}

install_locked() {
  if [ -z "$index" ]; then
    .uv/bin/uv sync --locked --no-install-project --python "$python" "$@"
    return
  fi
  .uv/bin/uv venv --quiet --clear --python "$python" .venv
  env -u UV_DEFAULT_INDEX .uv/bin/uv export --quiet --frozen --no-emit-project "$@" --output-file .venv/locked.txt
  UV_DEFAULT_INDEX=$index .uv/bin/uv pip sync --python .venv --require-hashes .venv/locked.txt
}

install_project() {
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  .uv/bin/uv pip install --quiet --python .venv --no-deps "$@"
}

# On top of what is there: a benchmark's peers do not touch what the project itself was locked with.
install_peers() {
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  env -u UV_DEFAULT_INDEX .uv/bin/uv export --quiet --frozen --no-emit-project --only-group bench \
    --output-file .venv/bench.txt >/dev/null
  .uv/bin/uv pip install --quiet --python .venv --require-hashes -r .venv/bench.txt
}

mode=${1:-dev}
check_python
install_uv
take_pip_settings
case $mode in
  dev) install_locked && install_project --editable . ;;
  dependencies) install_locked --no-default-groups ;;
  project) install_project --reinstall-package guanxi . ;;
  bench) install_peers ;;
  uv) ;;
  *) fail "mode $mode is not one of dev, dependencies, project, bench, uv" ;;
esac
