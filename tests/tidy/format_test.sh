#!/usr/bin/env bash
# All C++ is as clang-format leaves it.
set -euo pipefail
command -v clang-format-19 >/dev/null || { echo "clang-format-19 is missing: not checked"; exit 0; }
cd "$(dirname "$(realpath .clang-format)")"
find server cli tests -name '*.h' -o -name '*.cc' | xargs clang-format-19 --dry-run --Werror
