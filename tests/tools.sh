# Sourced by tests/run after deploy/setup.sh: the clients that tests/real drives the API with,
# pinned, installed once into the cache and named to the tests by SOCKETD_* variables.

readonly GRPCURL=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.1

# once STAMP COMMAND...: runs the command unless the same stamp was left by an earlier run.
once() {
  local stamp=$tools/stamp-$1
  shift
  [ -e "$stamp" ] && return 0
  "$@" </dev/null >"$tools/install.log" 2>&1 || {
    tail -n 20 "$tools/install.log" >&2
    fail "could not install a test client: $*"
  }
  touch "$stamp"
}

build_grpcurl() {
  env -u GOTOOLCHAIN GOFLAGS=-mod=mod GOBIN="$tools/bin" GOPATH="$tools/go" \
    GOCACHE="$tools/go/cache" /usr/lib/go-1.19/bin/go install "$GRPCURL" || return
  chmod -R u+w "$tools/go" && rm -rf "$tools/go"
}

install_python() {
  rm -rf "$tools/venv"
  /usr/bin/python3 -m venv "$tools/venv" &&
    "$tools/venv/bin/pip" install -q -r tests/real/clients/requirements.txt
}

install_node() {
  rm -rf "$tools/node" && mkdir -p "$tools/node" &&
    cp tests/real/clients/package.json "$tools/node" &&
    (cd "$tools/node" && npm install --ignore-scripts --no-package-lock --no-audit --no-fund)
}

build_store() {
  (cd tests/real/services/store_go &&
    env -u GOTOOLCHAIN GOFLAGS=-mod=readonly CGO_ENABLED=0 GOPATH="$tools/go" \
      GOCACHE="$tools/go/cache" /usr/lib/go-1.19/bin/go build -o "$tools/bin/store" .) || return
  chmod -R u+w "$tools/go" && rm -rf "$tools/go"
}

# What ends in .socket in the packages of tests/real/cli/debian_packages: a folder a package.
fetch_debian_sockets() {
  local packages=$tools/packages sockets=$tools/debian-sockets package
  rm -rf "$packages" "$sockets" && mkdir -p "$packages" "$sockets" || return
  (cd "$packages" && xargs timeout 300 apt-get -q download) \
    <tests/real/cli/debian_packages || return
  for package in "$packages"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x -C "$sockets" --wildcards --transform "s,^[.],$(basename "${package%%_*}")," \
        '*.socket' || true
  done
  rm -rf "$packages"
}

sum() { cat "$@" | sha256sum | cut -c1-16; }

# install_tools DIR: sets test_env, the flags that tell the tests where the clients are.
install_tools() {
  tools=$1
  mkdir -p "$tools"
  once "grpcurl-${GRPCURL##*@}" build_grpcurl
  once "store-$(sum tests/real/services/store_go/*)" build_store
  once "python-$(sum tests/real/clients/requirements.txt)" install_python
  once "node-$(sum tests/real/clients/package.json)" install_node
  # Without the network the test of them is skipped, and says so.
  (once "debian-sockets-$(sum tests/real/cli/debian_packages)" fetch_debian_sockets) ||
    say "no Debian sockets to try"
  test_env=(
    --test_env=SOCKETD_GRPCURL="$tools/bin/grpcurl"
    --test_env=SOCKETD_GO_STORE="$tools/bin/store"
    --test_env=SOCKETD_BUF="$tools/node/node_modules/.bin/buf"
    --test_env=SOCKETD_PYTHON="$tools/venv/bin/python3"
    --test_env=SOCKETD_NODE_MODULES="$tools/node/node_modules"
    --test_env=SOCKETD_DEBIAN_SOCKETS="$tools/debian-sockets"
  )
}
