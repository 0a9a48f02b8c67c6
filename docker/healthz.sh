#!/usr/bin/env bash
# Health check of worker and agent: asks /healthz of the metrics port. In bash alone, as the images have no
# program that speaks HTTP.
set -euo pipefail

port=${1:?Usage: boardloop-healthz PORT}

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 3 _ code _ <&3
if [[ $code != 200 ]]; then
  printf 'boardloop-healthz: /healthz at port %s answered %s, 200 was expected\n' "$port" "$code" >&2
  exit 1
fi
