#!/usr/bin/env python3
"""Counts test cases for tests/run, from what Bazel reports and the test.xml files it names.

  suite NAME EVENTS CASES CODE   reads one run's build events, writes a line a case, names failures
  total CASES...                 adds up; a case passes if it passed wherever it ran; else exit 1
  coverage LCOV                  line coverage of server/, folder by folder
"""
import collections
import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def cases_of(path):
    """Yields (name, verdict) for each test case of one test.xml."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        bad = case.find("failure") is not None or case.find("error") is not None
        skipped = case.get("result") == "skipped" or case.find("skipped") is not None
        if case.get("status") != "notrun":
            yield name, "failed" if bad else "skipped" if skipped else "passed"


def test_result(identity, result):
    """The (label, case, verdict) of one test action, or of one shard of it."""
    label = identity["label"]
    found = []
    for output in result.get("testActionOutput", []):
        path = urllib.parse.unquote(urllib.parse.urlparse(output.get("uri", "")).path)
        if output.get("name") == "test.xml" and os.path.exists(path):
            found += [(label, name, verdict) for name, verdict in cases_of(path)]
    if result.get("status") != "PASSED" and all(row[2] != "failed" for row in found):
        found.append((label, result.get("status", "NO STATUS").lower(), "failed"))
    return found


def rows_of(events, code):
    rows, broken = [], []
    with open(events, encoding="utf-8") as lines:
        for event in map(json.loads, lines):
            identity = event.get("id", {})
            if "testResult" in identity:
                rows += test_result(identity["testResult"], event.get("testResult", {}))
            elif "targetCompleted" in identity and not event.get("completed", {}).get("success"):
                broken.append(identity["targetCompleted"]["label"])
    rows += [(label, "builds", "failed") for label in broken]
    if code not in (0, 4) and all(row[2] != "failed" for row in rows):
        rows.append(("bazel", f"exit status {code}", "failed"))  # 4: no test matched the filter
    return rows


def suite(name, events, cases, code):
    rows = rows_of(events, int(code)) if os.path.exists(events) else [("bazel", "ran", "failed")]
    with open(cases, "w", encoding="utf-8") as out:
        out.writelines("\t".join(row) + "\n" for row in rows)
    count = collections.Counter(row[2] for row in rows)
    for label, case, verdict in rows:
        if verdict == "failed":
            print(f"FAILED in {name}: {label} {case}")
    print(f"tests/run: suite {name}: {count['passed']} passed, {count['failed']} failed, "
          f"{count['skipped']} skipped")


def total(paths):
    worst = {}
    rank = {"skipped": 0, "passed": 1, "failed": 2}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for label, case, verdict in (line.rstrip("\n").split("\t") for line in lines):
                before = worst.get((label, case), "skipped")
                worst[(label, case)] = max(before, verdict, key=rank.get)
    count = collections.Counter(worst.values())
    for (label, case), verdict in sorted(worst.items()):
        if verdict != "passed":
            print(f"{verdict}: {label} {case}")
    if count["skipped"]:
        print(f"{count['skipped']} skipped on this machine")
    print(f"{count['passed']} passed, {count['failed']} failed")
    sys.exit(1 if count["failed"] or not count["passed"] else 0)


def coverage(path):
    folders = collections.defaultdict(lambda: [0, 0])
    source = ""
    with open(path, encoding="utf-8") as report:
        for row in report:
            key, _, value = row.strip().partition(":")
            if key == "SF":
                source = value
            elif key in ("LF", "LH") and source.startswith("server/"):
                for folder in (os.path.dirname(source), "server (all)"):
                    folders[folder][key == "LH"] += int(value)
    for folder, (lines, hit) in sorted(folders.items()):
        print(f"{folder:24} {hit:6} of {lines:6} lines  {100 * hit / max(lines, 1):5.1f} %")


def main():
    verb, *rest = sys.argv[1:]
    if verb == "suite":
        suite(*rest)
    elif verb == "total":
        total(rest)
    elif verb == "coverage":
        coverage(*rest)
    else:
        sys.exit(f"unknown verb {verb}")


main()
