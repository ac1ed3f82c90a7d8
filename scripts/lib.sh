# What up, down and test share; to be sourced.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NODE=$ROOT/node_modules/.bin/node

# die CODE TEXT
die() { printf '%s: %s\n' "$(basename "$0")" "$2" >&2; exit "$1"; }

# without_engine: prints what is missing for containers; nothing where they can be run
without_engine() {
  if ! command -v docker >/dev/null; then echo 'no docker on this machine'
  elif ! docker version >/dev/null 2>&1; then echo 'no Docker engine answers'
  elif ! docker compose version >/dev/null 2>&1; then echo 'docker has no Compose (Debian: apt-get install docker-compose-v2 or docker-compose-plugin)'
  fi
}

# settle_state ENV_FILE: SPILLWAY_STATE_DIR as an absolute path, for all this script starts, Compose among it. Where the environment
# says nothing the file does, as for Compose, to which a relative path lies in the folder of the compose file: that of ENV_FILE.
settle_state() {
  local file=${COMPOSE_ENV_FILES:-$1} base=$PWD
  if [ -z "${SPILLWAY_STATE_DIR:-}" ] && [ -e "$file" ]; then
    SPILLWAY_STATE_DIR=$(sed -nE "s/[[:space:]]+#.*//; s/^[[:space:]]*(export[[:space:]]+)?SPILLWAY_STATE_DIR[[:space:]]*=[[:space:]]*['\"]?([^'\"]*[^'\"[:space:]])['\"]?[[:space:]]*\$/\2/p" "$file" | tail -n 1)
    case "$SPILLWAY_STATE_DIR" in *\$*|\~*) die 2 "SPILLWAY_STATE_DIR in $file: write the path out, without \$ and ~" ;; esac
    base=$(dirname "$1")
  fi
  [ -n "${SPILLWAY_STATE_DIR:-}" ] || return 0
  case "$SPILLWAY_STATE_DIR" in /*) ;; *) SPILLWAY_STATE_DIR=$base/$SPILLWAY_STATE_DIR ;; esac
  # as Compose spells it, which takes another spelling for another setting
  SPILLWAY_STATE_DIR=$(realpath -ms -- "$SPILLWAY_STATE_DIR")
  export SPILLWAY_STATE_DIR
}

# find_state: the same for who does not care whether this machine is a centre or a node that joined one, which has a file of its own
find_state() {
  settle_state "$ROOT/.env"
  [ -z "${SPILLWAY_STATE_DIR:-}" ] || return 0
  [ -e "$ROOT/.spillway/compose" ] || compgen -G "$ROOT/.spillway/run/*.pid" >/dev/null || settle_state "$ROOT/infra/node/.env"
}

# need_programs PROGRAM=PACKAGE...: installs the Debian packages of programs that are missing; who is not root is told how
need_programs() {
  local pair packages=()
  for pair in "$@"; do command -v "${pair%%=*}" >/dev/null || packages+=("${pair#*=}"); done
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die 2 "missing, and there is no apt-get to install them with: ${packages[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    die 2 "missing: ${packages[*]}. Install them, then try again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}"
  fi
  printf 'installing %s\n' "${packages[*]}"
  install_packages "${packages[@]}" || exit 1
}

# A distribution starts what it installs, on the standard ports; policy-rc.d is how Debian is told not to.
install_packages() (
  policy=/usr/sbin/policy-rc.d log=$(mktemp) made=
  trap 'rm -f "$log" $made' EXIT
  if [ ! -e $policy ]; then
    made=$policy
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die 1 "apt-get could not install $*"
  fi
)

# The packages of package-lock.json, and the Node among them that runs the TypeScript.
need_node_modules() {
  local installed=$ROOT/node_modules/.package-lock.json
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    die 2 'node and npm are missing: install Node 20 or newer (Debian: apt-get install nodejs npm)'
  fi
  if [ ! -e "$installed" ] || [ "$ROOT/package-lock.json" -nt "$installed" ]; then
    printf 'installing the packages of package-lock.json\n'
    (cd "$ROOT" && npm ci --no-audit --no-fund --loglevel=error </dev/null >/dev/null) || die 1 'npm ci failed'
  fi
  [ -x "$NODE" ] || die 1 'node_modules/.bin/node is missing: was npm told not to run install scripts? Delete node_modules and try again'
}
