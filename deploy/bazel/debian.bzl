"""Finds Debian's C++ libraries with pkg-config and offers each as @debian//:NAME."""

# pkg-config modules whose name is not the target's, and linker options that no .pc file knows.
_MODULES = {
    "absl": ["absl_statusor", "absl_time", "absl_strings", "absl_flat_hash_map", "absl_span", "absl_inlined_vector", "absl_cord"],
}
_EXTRA = {"grpc++": ["-lgrpc++_reflection"]}

# With --define=link=static a program carries its C++ libraries in itself, as far as it uses them: a
# third less memory and a quarter of the time to start. C libraries stay shared, so that the fixes of
# OpenSSL and its like come with Debian's.
_C_LIBRARIES = ["-lssl", "-lcrypto", "-lz", "-lcares", "-latomic", "-lrt"]
# spdlog has no archive: compiled in from its headers instead.
_HEADERS_INSTEAD = {"spdlog": ["SPDLOG_FMT_EXTERNAL", "FMT_HEADER_ONLY"]}

_HEAD = """package(default_visibility = ["//visibility:public"])

config_setting(
    name = "static",
    define_values = {"link": "static"},
)
"""

_CC = """
cc_library(
    name = "{name}",
    defines = select({{
        ":static": {static_defines},
        "//conditions:default": {defines},
    }}),
    linkopts = select({{
        ":static": {static_linkopts},
        "//conditions:default": {linkopts},
    }}),
)
"""

def _last(words):
    """Drops repeats and keeps the last of each, the order that a linker wants."""
    seen, out = {}, []
    for word in reversed(words):
        if word not in seen:
            seen[word] = True
            out.append(word)
    return reversed(out)

def _stamp(ctx, name, package):
    """A macro with the package's version: Bazel does not track system headers, but it tracks flags."""
    version = ctx.execute(["dpkg-query", "-W", "-f", "${Version}", package]).stdout.strip()
    stamp = "DEBIAN_%s_%s" % (name, version)
    for mark in ["+", "-", ".", "~", ":"]:
        stamp = stamp.replace(mark, "_")
    return stamp

def _library(ctx, pkg_config, name, package, missing):
    words = []
    for module in _MODULES.get(name, [name]):
        probe = ctx.execute([pkg_config, "--cflags", "--libs", module])
        if probe.return_code:
            missing.append(package)
            return ""
        words += [w for w in probe.stdout.strip().split(" ") if w]
    extra = _EXTRA.get(name, [])
    links = extra + list(_last([w for w in words if w.startswith("-l")])) + (["-lprotobuf"] if extra else [])
    stamp = [_stamp(ctx, name, package)]
    return _rule(
        name,
        stamp + [w[2:] for w in _last(words) if w.startswith("-D")],
        links,
        stamp + _HEADERS_INSTEAD[name] if name in _HEADERS_INSTEAD else None,
    )

def _rule(name, defines, links, headers_instead):
    static = []
    if headers_instead == None and links:
        archives = [w for w in links if w not in _C_LIBRARIES]
        static = ["-Wl,-Bstatic", "-Wl,--start-group"] + archives + ["-l:libstdc++.a", "-Wl,--end-group"]

        # Bazel names libstdc++ once more at the end, where it is not needed then.
        static += ["-Wl,-Bdynamic", "-Wl,--as-needed", "-static-libgcc"]
        static += [w for w in links if w in _C_LIBRARIES]
    return _CC.format(
        name = name,
        defines = repr(defines),
        linkopts = repr(links),
        static_defines = repr(headers_instead or defines),
        static_linkopts = repr(static),
    )

def _debian_libraries_impl(ctx):
    pkg_config = ctx.which("pkg-config")
    missing = [] if pkg_config else ["pkg-config"]
    text = _HEAD
    if pkg_config:
        for name, package in ctx.attr.libraries.items():
            text += _library(ctx, pkg_config, name, package, missing)
        for name, (module, package) in ctx.attr.header_only.items():
            if ctx.execute([pkg_config, "--exists", module]).return_code:
                missing.append(package)
            else:
                text += _rule(name, [_stamp(ctx, name, package)], [], None)
    for program, package in ctx.attr.programs.items():
        path = ctx.which(program)
        if path:
            ctx.symlink(path, program)
            text += "\nexports_files([\"%s\"])\n" % program
        else:
            missing.append(package)
    if missing:
        fail("\n\nThese Debian packages are missing. Run:\n\n    apt-get install %s\n" % " ".join(missing))
    ctx.file("BUILD.bazel", text)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)

debian_libraries = repository_rule(
    implementation = _debian_libraries_impl,
    attrs = {
        "libraries": attr.string_dict(doc = "target (a pkg-config module, or a key of _MODULES) to Debian package"),
        "header_only": attr.string_list_dict(doc = "target to [pkg-config module, Debian package]"),
        "programs": attr.string_dict(doc = "program to Debian package"),
    },
    environ = ["PATH", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"],
    configure = True,
    local = True,
)
