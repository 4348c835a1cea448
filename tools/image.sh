#!/bin/sh
# Build the image and run the sample in it as it would run for real: no network, no capability,
# nothing writable but /tmp and /data.
set -eu

image=${IMAGE:-budget-bot}
docker build --tag "$image" .
docker run --rm --network none --read-only --tmpfs /tmp --tmpfs /data:uid=10001,gid=10001 \
    --cap-drop ALL --security-opt no-new-privileges "$image" \
    bot check --dry-run --config /app/config.example.yaml
