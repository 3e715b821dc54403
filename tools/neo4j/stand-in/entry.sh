#!/bin/bash
# What a compose file may ask of Neo4j's official image: NEO4J_AUTH=neo4j/PASSWORD (or a file, NEO4J_AUTH_FILE), and
# settings as NEO4J_server_memory_heap_max__size=1g.
set -euo pipefail
export NEO4J_HOME=/var/lib/neo4j NEO4J_CONF=/var/lib/neo4j/conf
mkdir -p "$NEO4J_CONF"
auth=${NEO4J_AUTH:-}
if [ -n "${NEO4J_AUTH_FILE:-}" ]; then auth=$(<"$NEO4J_AUTH_FILE"); fi

settings() {
  printf '%s\n' server.default_listen_address=0.0.0.0 server.directories.data=/data server.directories.logs=/logs
  printf '%s\n' dbms.usage_report.enabled=false
  local name key
  for name in $(compgen -e NEO4J_); do
    [[ $name =~ ^NEO4J_[a-z] ]] || continue
    key=${name#NEO4J_}
    key=${key//__/%}
    key=${key//_/.}
    printf '%s=%s\n' "${key//%/_}" "${!name}"
  done
}

settings >"$NEO4J_CONF/neo4j.conf"
if [ -n "$auth" ] && [ ! -e /data/dbms ]; then
  java -cp '/jars/*' org.neo4j.cli.AdminTool dbms set-initial-password "${auth#neo4j/}" >/dev/null
fi
opens=()
for package in java.nio java.io sun.nio.ch java.util.concurrent; do opens+=("--add-opens=java.base/$package=ALL-UNNAMED"); done
exec java -Xmx1g "${opens[@]}" --add-modules=jdk.incubator.vector -Dio.netty.tryReflectionSetAccessible=true \
  -cp '/jars/*' org.neo4j.server.CommunityEntryPoint --home-dir="$NEO4J_HOME" --config-dir="$NEO4J_CONF" --console-mode
