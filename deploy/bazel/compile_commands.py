#!/usr/bin/env python3
"""Writes compile_commands.json for editors and tools, from what Bazel would run."""
import json
import pathlib
import subprocess


def bazel(*words):
    return subprocess.run(["bazel", *words], check=True, capture_output=True, text=True).stdout


def main():
    root = pathlib.Path(bazel("info", "workspace").strip())
    answer = json.loads(bazel("aquery", 'mnemonic("CppCompile", //...)', "--output=jsonproto"))
    seen = {}
    for action in answer["actions"]:
        words = action["arguments"]
        source = words[words.index("-c") + 1]
        if not source.startswith("external/"):
            seen.setdefault(source, words)
    # bazel-WORKSPACE is the execution root: generated files resolve there.
    directory = root / f"bazel-{root.name}"
    entries = [{"directory": str(directory), "file": source, "arguments": words}
               for source, words in sorted(seen.items())]
    text = json.dumps(entries, indent=1) + "\n"
    (root / "compile_commands.json").write_text(text, encoding="utf-8")
    print(f"{len(entries)} entries")


main()
