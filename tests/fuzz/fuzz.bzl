"""fuzz_target: one LLVMFuzzerTestOneInput as a fuzzer and, in every build, as a test."""

def fuzz_target(name, corpus, deps):
    """NAME.cc becomes a fuzzer for --config=fuzz, and a test that replays its corpus.

    Args:
      name: ends with _fuzz; the corpus is the folder corpus/NAME without that ending
      corpus: the files of the folder
      deps: what the target calls
    """
    folder = "corpus/" + name[:-len("_fuzz")]
    native.cc_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + ".cc"],
        alwayslink = True,
        deps = deps,
    )
    native.cc_binary(
        name = name,
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":%s_target" % name],
    )
    native.cc_test(
        name = name + "_replay_test",
        size = "small",
        data = [folder + "/" + file for file in corpus],
        env = {"FUZZ_CORPUS": "tests/fuzz/" + folder},
        deps = [
            ":%s_target" % name,
            ":replay",
        ],
    )
