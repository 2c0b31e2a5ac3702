# Sourced by deploy/quickstart, deploy/install and tests/run: messages, and what a machine lacks.

say() { printf '%s: %s\n' "${PROGRAM:-socketd}" "$*"; }

fail() {
  printf '%s: %s\n' "${PROGRAM:-socketd}" "$*" >&2
  exit 1
}

# packages GROUP...: the packages of these groups of deploy/packages, one a line.
packages() {
  local group
  for group in "$@"; do
    awk -v group="$group" '$1 == "##" { on = $2 == group } on && $1 ~ /^[a-z]/ { print $1 }' \
      deploy/packages
  done | sort -u
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# A package that is installed must not start its daemon here: the tests start what they need.
deny_starts() {
  [ -e /usr/sbin/policy-rc.d ] && return 0
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  denied_starts=yes
}

allow_starts() {
  [ "${denied_starts:-}" = yes ] && rm -f /usr/sbin/policy-rc.d
  denied_starts=
}

# install_packages GROUP...: what of these groups is missing; touches nothing when all is there.
install_packages() {
  local missing=() package log
  for package in $(packages "$@"); do is_installed "$package" || missing+=("$package"); done
  # A program that is there by other means than its package will do.
  if command -v node >/dev/null && command -v npm >/dev/null; then
    missing=($(printf '%s\n' "${missing[@]}" | grep -vxE 'nodejs|npm' || true))
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" = 0 ] || fail "not root, and missing: apt-get install ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  log=$(mktemp)
  deny_starts
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
    allow_starts
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install: ${missing[*]}"
  fi
  allow_starts
  rm -f "$log"
}
