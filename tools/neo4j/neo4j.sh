#!/usr/bin/env bash
# A Neo4j Community server without Docker: its jars come from Maven Central, Java runs them.
#
#   neo4j.sh fetch [gds]                    fetch the jars unless they are there, and print their folder; gds: OpenGDS too
#   neo4j.sh start LIB HOME PORT PASSWORD   serve Bolt on 127.0.0.1:PORT in the foreground until SIGTERM
#   neo4j.sh admin LIB HOME ARGUMENT...     neo4j-admin, the server being stopped:
#                                             admin LIB HOME database import full neo4j --nodes=Account=header.csv,rows.csv ...
#                                             admin LIB HOME dbms set-initial-password PASSWORD
#   neo4j.sh java LIB                       print which Java would run it
#
# LIB is the folder that fetch prints. HOME holds data, logs and settings, and is made if missing; a new one gets PASSWORD
# as the password of the user neo4j, an older one keeps what it has.
# Environment: NEO4J_VERSION (5.26.31, the long-term release, by default; 2026.07.1), JAVA (the program to run),
# NEO4J_HEAP (1g), NEO4J_PAGECACHE (256m), NEO4J_SETTINGS (more settings, one name=value a line), XDG_CACHE_HOME.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  printf 'neo4j.sh: %s\n' "$*" >&2
  exit 1
}

usage() {
  sed -n '3,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

has_jars() { compgen -G "$1/*.jar" >/dev/null; }

# ---- Java ------------------------------------------------------------------------------------------------------------

javas_for() { # VERSION of Neo4j -> the Java versions that it supports
  case $1 in
    5.*) echo 17 21 ;;
    *) echo 21 25 ;;
  esac
}

java_version() { # PROGRAM -> 17; nothing where it is no Java
  "$1" -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p' | head -n 1
}

fits() { # PROGRAM VERSION...
  local found wanted
  found=$(java_version "$1") || return 1
  for wanted in "${@:2}"; do [ "$found" != "$wanted" ] || return 0; done
  return 1
}

pick_java() { # VERSION of Neo4j -> a Java that fits
  local wanted program seen=
  read -r -a wanted <<<"$(javas_for "$1")"
  if [ -n "${JAVA:-}" ]; then
    command -v "$JAVA" >/dev/null || fail "JAVA is $JAVA, which is no program"
    fits "$JAVA" "${wanted[@]}" ||
      fail "JAVA is $JAVA of version $(java_version "$JAVA"); Neo4j $1 wants Java ${wanted[0]} or ${wanted[1]}"
    echo "$JAVA"
    return
  fi
  for program in "${JAVA_HOME:-/nowhere}/bin/java" /usr/lib/jvm/*/bin/java "$(command -v java || true)"; do
    [ -x "$program" ] || continue
    if fits "$program" "${wanted[@]}"; then
      echo "$program"
      return
    fi
    seen+=" $program ($(java_version "$program"))"
  done
  fail "Neo4j $1 wants Java ${wanted[0]} or ${wanted[1]}; found${seen:- none}. Install one (Debian: apt install openjdk-17-jre-headless)" \
    "or name it: JAVA=/path/to/java"
}

# ---- fetch -----------------------------------------------------------------------------------------------------------

copy_jars() { # FOLDER ARGUMENT...
  command -v mvn >/dev/null || fail "the jars of Neo4j $version are fetched by Maven, and there is no mvn on the PATH" \
    "(Debian: apt install maven)"
  mvn -B -q -f "$here/pom.xml" -Dneo4j.version="$version" "${@:2}" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$1" >&2 || fail "Maven could not fetch Neo4j $version; its message stands above"
}

# Jars are gathered beside their place and renamed into it when all are there: who finds the folder finds it complete.
# Where two fetch at once, the rename of the second finds a full folder and its copy is thrown away. By Python, because
# mv would move it into that folder, except with an option that only GNU has.
put_in_place() { # FROM TO
  python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$1" "$2" 2>/dev/null || has_jars "$2" ||
    fail "cannot rename $1 to $2"
}

fetch() { # [gds]
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/guanxi/neo4j-$version jar
  mkdir -p "$(dirname "$folder")"
  partial=$(mktemp -d "$folder.partial.XXXXXX") # global: the trap outlives this function
  trap 'rm -rf "$partial"' EXIT
  chmod 755 "$partial"
  if ! has_jars "$folder"; then
    copy_jars "$partial/server"
    put_in_place "$partial/server" "$folder"
  fi
  if [ "${1:-}" = gds ] && ! has_jars "$folder/plugins"; then
    [[ $version == 5.26.* ]] || fail "NEO4J_VERSION is $version; the OpenGDS of pom.xml fits 5.26 only"
    copy_jars "$partial/gds" -P gds
    for jar in "$partial"/gds/*.jar; do [ ! -e "$folder/${jar##*/}" ] || rm "$jar"; done
    put_in_place "$partial/gds" "$folder/plugins"
  fi
  echo "$folder"
}

# ---- run -------------------------------------------------------------------------------------------------------------

lib_version() { # LIB -> the version of its server
  local jar
  jar=$(compgen -G "$1/neo4j-server-[0-9]*.jar" | head -n 1) || fail "$1 holds no jar of a Neo4j server; make it with: neo4j.sh fetch"
  jar=${jar##*/neo4j-server-}
  echo "${jar%.jar}"
}

write_settings() { # LIB HOME PORT
  mkdir -p "$2"/{conf,data,import,logs}
  {
    printf '%s\n' "server.bolt.listen_address=127.0.0.1:$3" "server.bolt.advertised_address=127.0.0.1:$3" \
      server.http.enabled=false server.https.enabled=false \
      "server.directories.data=$2/data" "server.directories.logs=$2/logs" "server.directories.import=$2/import" \
      "server.memory.pagecache.size=${NEO4J_PAGECACHE:-256m}" dbms.usage_report.enabled=false
    if has_jars "$1/plugins"; then
      printf '%s\n' "server.directories.plugins=$1/plugins" 'dbms.security.procedures.unrestricted=gds.*'
    fi
    printf '%s\n' "${NEO4J_SETTINGS:-}"
  } >"$2/conf/neo4j.conf"
}

prepare() { # LIB HOME PORT
  [ -d "$1" ] || fail "there is no folder $1; make it with: neo4j.sh fetch"
  lib=$(realpath "$1")
  mkdir -p "$2"
  home=$(realpath "$2")
  version=$(lib_version "$lib")
  java=$(pick_java "$version")
  write_settings "$lib" "$home" "$3"
  export NEO4J_HOME=$home NEO4J_CONF=$home/conf
}

start() { # LIB HOME PORT PASSWORD
  prepare "$1" "$2" "$3"
  if [ ! -e "$home/data/dbms" ] && [ ! -e "$home/data/databases/system" ]; then
    "$java" -cp "$lib/*" org.neo4j.cli.AdminTool dbms set-initial-password "$4" >/dev/null ||
      fail "the password could not be set; see above"
  fi
  local main=org.neo4j.server.Neo4jCommunity opens=() package
  [[ $version != 5.* ]] || main=org.neo4j.server.CommunityEntryPoint
  for package in java.nio java.io sun.nio.ch java.util.concurrent; do opens+=("--add-opens=java.base/$package=ALL-UNNAMED"); done
  # The process becomes the server, so that a signal to it reaches the server.
  exec "$java" -Xms256m -Xmx"${NEO4J_HEAP:-1g}" -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError "${opens[@]}" \
    --add-modules=jdk.incubator.vector -Dio.netty.tryReflectionSetAccessible=true \
    -cp "$lib/*:$lib/plugins/*" "$main" --home-dir="$home" --config-dir="$home/conf" --console-mode
}

admin() { # LIB HOME ARGUMENT...
  prepare "$1" "$2" 7687
  exec "$java" -Xmx"${NEO4J_HEAP:-1g}" --add-opens=java.base/java.nio=ALL-UNNAMED \
    -cp "$lib/*" org.neo4j.cli.AdminTool "${@:3}"
}

version=${NEO4J_VERSION:-5.26.31}
case ${1:-}:$# in
  fetch:1) fetch ;;
  fetch:2)
    [ "$2" = gds ] || fail "fetch takes gds or nothing, not $2"
    fetch gds
    ;;
  start:5) start "${@:2}" ;;
  admin:1 | admin:2 | admin:3) usage ;;
  admin:*) admin "${@:2}" ;;
  java:2) pick_java "$(lib_version "$2")" ;;
  *) usage ;;
esac
