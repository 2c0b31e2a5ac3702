"""Stand-ins for the repositories that Bazel 4.2.3 would otherwise download."""

def _stub_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    for path, text in ctx.attr.files.items():
        ctx.file(path, text)

_stub = repository_rule(implementation = _stub_impl, attrs = {"files": attr.string_dict()})

def _forward(rules):
    return "".join(["%s = native.%s\n" % (rule, rule) for rule in rules])

_CC = ["cc_binary", "cc_import", "cc_library", "cc_test", "cc_toolchain", "cc_toolchain_suite"]
_JAVA = ["java_binary", "java_import", "java_library", "java_runtime", "java_toolchain"]

def offline_repositories():
    """Declares what Bazel's own tools load by name, from nothing but this file."""
    _stub(name = "rules_cc", files = {"cc/BUILD": "", "cc/defs.bzl": _forward(_CC)})
    _stub(name = "rules_java", files = {"java/BUILD": "", "java/defs.bzl": _forward(_JAVA)})
    _stub(name = "remote_coverage_tools", files = {"BUILD": """
package(default_visibility = ["//visibility:public"])
[sh_binary(name = name, srcs = ["@socketd//deploy/bazel:coverage_merge.py"]) for name in ["coverage_report_generator", "lcov_merger"]]
"""})
    native.local_repository(name = "platforms", path = "/usr/share/bazel/platforms")
