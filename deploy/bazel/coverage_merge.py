#!/usr/bin/env python3
"""Stands in for Bazel's two downloaded coverage tools.

With --coverage_dir it turns one test's gcov data into LCOV; with
--reports_file it adds up the LCOV files of all tests.
"""
import argparse
import collections
import json
import os
import subprocess


def from_gcov(directory, lines):
    for folder, _, names in os.walk(directory):
        for name in names:
            if not name.endswith(".gcda"):
                continue
            out = subprocess.run(
                ["gcov", "--json-format", "--stdout", "-o", folder, os.path.join(folder, name)],
                capture_output=True, check=False, cwd=folder).stdout
            for document in out.splitlines():
                for source in json.loads(document)["files"]:
                    path = source["file"].removeprefix("/proc/self/cwd/")
                    if path.startswith(("/", "external/", "bazel-out/")):
                        continue
                    for line in source["lines"]:
                        lines[path][line["line_number"]] += line["count"]


def from_lcov(path, lines):
    current = None
    with open(path, encoding="utf-8") as report:
        for row in report:
            key, _, value = row.rstrip("\n").partition(":")
            if key == "SF":
                current = value
            elif key == "DA":
                number, count = value.split(",")[:2]
                lines[current][int(number)] += int(count)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir")
    parser.add_argument("--reports_file")
    parser.add_argument("--output_file", required=True)
    args, _ = parser.parse_known_args()
    lines = collections.defaultdict(collections.Counter)
    if args.coverage_dir:
        from_gcov(args.coverage_dir, lines)
    else:
        with open(args.reports_file, encoding="utf-8") as listing:
            for path in listing.read().split():
                if path.endswith(".dat") and os.path.exists(path):
                    from_lcov(path, lines)
    with open(args.output_file, "w", encoding="utf-8") as out:
        for path in sorted(lines):
            out.write(f"SF:{path}\n")
            for number, count in sorted(lines[path].items()):
                out.write(f"DA:{number},{count}\n")
            hit = sum(count > 0 for count in lines[path].values())
            out.write(f"LF:{len(lines[path])}\nLH:{hit}\nend_of_record\n")


main()
