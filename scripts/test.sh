#!/usr/bin/env bash
# Everything for the tests, from nothing: set-up, and all stages of scripts/task.sh, the cheap ones first.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/task.sh" ci
