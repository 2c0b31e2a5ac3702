"""An aspect that runs clang-tidy over the sources of every C++ rule it reaches."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# The analyzer gives up a function after a tenth of its usual steps: the rest went to the insides of
# Abseil, gRPC and the standard library. In tests it would mostly walk the macros of gtest; what they
# do wrong with memory, the sanitizers see. Nor do they reserve room for the few things they count.
_ANALYZER = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000"]
_TESTS = ["--checks=-clang-analyzer-*,-performance-inefficient-vector-operation"]

_SOURCES = ["c", "cc", "cpp", "cxx"]

def _clang_tidy_impl(target, ctx):
    if CcInfo not in target or target.label.workspace_root or "no-tidy" in ctx.rule.attr.tags:
        return []
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    compilation = target[CcInfo].compilation_context
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.cxxopts + ctx.fragments.cpp.copts,
        include_directories = depset(compilation.includes.to_list()),
        quote_include_directories = compilation.quote_includes,
        system_include_directories = compilation.system_includes,
        preprocessor_defines = depset(transitive = [compilation.defines, compilation.local_defines]),
    )
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = variables,
    )
    checks = _TESTS if getattr(ctx.rule.attr, "testonly", False) else []
    reports = []
    for source in [f for s in getattr(ctx.rule.attr, "srcs", []) for f in s.files.to_list()]:
        if source.extension not in _SOURCES or not source.is_source:
            continue
        report = ctx.actions.declare_file("%s.%s.tidy" % (ctx.label.name, source.basename))
        reports.append(report)
        ctx.actions.run_shell(
            inputs = depset([source, ctx.file._config], transitive = [compilation.headers, toolchain.all_files]),
            outputs = [report],
            arguments = [report.path, source.path] + ["--config-file=" + ctx.file._config.path] + checks + ["--"] +
                        _ANALYZER + [f for f in flags if not f.startswith("-fno-canonical-system") and f != "-Wno-free-nonheap-object" and not f.startswith("-Wunused-but")],
            command = 'out=$1; src=$2; shift 2; clang-tidy-19 --quiet "$src" "$@" >"$out" 2>&1 || { cat "$out" >&2; exit 1; }',
            mnemonic = "ClangTidy",
            progress_message = "Checking %s with clang-tidy" % source.short_path,
            use_default_shell_env = True,
        )
    return [OutputGroupInfo(tidy = depset(reports))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    fragments = ["cpp"],
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    incompatible_use_toolchain_transition = True,
)
