#!/usr/bin/env bash
# buf's STANDARD and COMMENTS rules hold for our protos (proto/buf.yaml), without network.
set -euo pipefail
buf=${SOCKETD_BUF:-$(command -v buf || true)}
[ -n "$buf" ] || { echo "buf is missing (tests/run installs it): not checked"; exit 0; }
cd "$(dirname "$(realpath .clang-format)")/proto"
HOME=${TEST_TMPDIR:-/tmp} BUF_CACHE_DIR=${TEST_TMPDIR:-/tmp} "$buf" lint
