"""cc_grpc_library: from .proto files to one C++ library, and to their descriptors."""

ProtoFiles = provider(fields = {"files": "depset of .proto files, imported ones too"})

def _protoc_impl(ctx):
    root = ctx.label.package
    prefix = root + "/" if root else ""
    files = depset(ctx.files.srcs, transitive = [d[ProtoFiles].files for d in ctx.attr.deps])
    kinds = [".pb", ".grpc.pb"] if ctx.attr.services else [".pb"]
    hdrs, srcs = [], []
    for src in ctx.files.srcs:
        stem = src.short_path[len(prefix):-len(".proto")]
        for kind in kinds:
            hdrs.append(ctx.actions.declare_file(stem + kind + ".h"))
            srcs.append(ctx.actions.declare_file(stem + kind + ".cc"))
    descriptors = ctx.actions.declare_file(ctx.label.name + ".binpb")
    out = "/".join([p for p in [ctx.bin_dir.path, root] if p])

    args = ctx.actions.args()
    args.add("-I" + (root or "."))
    args.add("--cpp_out=" + out)
    if ctx.attr.services:
        args.add("--grpc_out=" + out)
        args.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
    args.add("--include_imports")
    args.add("--include_source_info")
    args.add("--descriptor_set_out=" + descriptors.path)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        tools = [ctx.executable._plugin],
        inputs = files,
        outputs = hdrs + srcs + [descriptors],
        arguments = [args],
        mnemonic = "Protoc",
        progress_message = "Generating C++ for %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(hdrs + srcs)),
        OutputGroupInfo(hdrs = depset(hdrs), srcs = depset(srcs), descriptors = depset([descriptors])),
        ProtoFiles(files = files),
    ]

_protoc = rule(
    implementation = _protoc_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "deps": attr.label_list(providers = [ProtoFiles]),
        "services": attr.bool(),
        "_protoc": attr.label(default = "@debian//:protoc", executable = True, cfg = "exec", allow_single_file = True),
        "_plugin": attr.label(default = "@debian//:grpc_cpp_plugin", executable = True, cfg = "exec", allow_single_file = True),
    },
)

def cc_grpc_library(name, srcs, deps = [], services = True, **kwargs):
    """Compiles protobuf files into one C++ library.

    Import paths start at the package that holds the BUILD file.

    Args:
      name: the cc_library; NAME.descriptors is its FileDescriptorSet, imports and comments included
      srcs: the .proto files
      deps: other cc_grpc_library targets whose files these import
      services: whether to generate gRPC stubs; False keeps gRPC out of what links the messages
      **kwargs: visibility and the like
    """
    generated = name + "_protoc"
    _protoc(name = generated, srcs = srcs, deps = [d + "_protoc" for d in deps], services = services, **kwargs)
    for group in ["hdrs", "srcs", "descriptors"]:
        native.filegroup(name = "%s.%s" % (name, group), srcs = [generated], output_group = group, **kwargs)
    native.cc_library(
        name = name,
        srcs = [":%s.srcs" % name],
        hdrs = [":%s.hdrs" % name],
        copts = ["-w"],
        includes = ["."],
        deps = deps + ["@debian//:protobuf"] + (["@debian//:grpc++"] if services else []),
        **kwargs
    )
