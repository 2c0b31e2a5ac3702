// Sizes, and the shape of the tree.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "tests/tidy/rules.h"

namespace socketd::tidy {
namespace {

constexpr int kFileLines = 400;
constexpr int kFunctionLines = 50;
constexpr int kLineChars = 100;

bool IsBuildFile(const SourceFile& file) {
  return file.path == "BUILD.bazel" || absl::EndsWith(file.path, "/BUILD.bazel");
}

bool IsSource(const SourceFile& file) {
  return file.is_cpp() || absl::EndsWith(file.path, ".proto");
}

bool IsWrittenByHand(const SourceFile& file) {
  return IsSource(file) || IsBuildFile(file) || absl::EndsWith(file.path, ".py") ||
         absl::EndsWith(file.path, ".sh") || absl::StartsWith(file.text, "#!");
}

// A field with its options is one row of the schema's table; so is a command line in Starlark.
bool HasLongRows(const SourceFile& file) {
  return absl::EndsWith(file.path, ".proto") || absl::EndsWith(file.path, ".bzl");
}

// Code points of UTF-8, which is what an editor's column counts.
int Columns(absl::string_view line) {
  return static_cast<int>(absl::c_count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

// Walks the braces of one file and remembers, for each that is open, where its function began.
class BraceWalk {
 public:
  explicit BraceWalk(const SourceFile& file) : file_(file) {}

  Faults Run() {
    for (size_t i = 0; i < file_.code.size(); ++i)
      Step(i);
    return std::move(faults_);
  }

 private:
  void Step(size_t i) {
    const char c = file_.code[i];
    if (c == '\n') ++line_;
    if (c == '{') {
      begins_.push_back(OpensFunction() ? line_ : 0);
      statement_.clear();
    } else if (c == '}') {
      Close(i);
    } else if (c == ';') {
      statement_.clear();
    } else {
      statement_ += c;
    }
  }

  void Close(size_t i) {
    if (begins_.empty()) return;
    const int lines = line_ - begins_.back() + 1;
    if (begins_.back() > 0 && lines > kFunctionLines)
      faults_.push_back(
          absl::StrCat(file_.path, ":", begins_.back(), ": function of ", lines, " lines"));
    begins_.pop_back();
    // After the braces of a member's initializer comes the rest of a constructor's head.
    const size_t next = file_.code.find_first_not_of(" \n", i + 1);
    const bool head_goes_on =
        next != std::string::npos && (file_.code[next] == ',' || file_.code[next] == '{');
    statement_ = head_goes_on ? ")" : "";
  }

  bool OpensFunction() const {
    const absl::string_view head = absl::StripAsciiWhitespace(statement_);
    for (const char* other : {"namespace", "class", "struct", "enum", "extern"}) {
      if (absl::StartsWith(head, other)) return false;
    }
    return absl::StrContains(head, ")");
  }

  const SourceFile& file_;
  Faults faults_;
  std::vector<int> begins_;  // line of each open brace that begins a function or block, else 0
  std::string statement_;
  int line_ = 1;
};

std::map<std::string, const SourceFile*> BuildFiles(const Tree& tree) {
  std::map<std::string, const SourceFile*> by_folder;
  for (const SourceFile& file : tree) {
    if (IsBuildFile(file)) by_folder[file.folder()] = &file;
  }
  return by_folder;
}

}  // namespace

Faults CheckSizes(const Tree& tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    if (!IsWrittenByHand(file)) continue;
    const std::vector<absl::string_view> lines = absl::StrSplit(file.text, '\n');
    const int count = static_cast<int>(lines.size()) - 1;
    // A table of messages is as long as its nouns; BUILD files are lists.
    if (count > kFileLines && !IsBuildFile(file) && !absl::EndsWith(file.path, ".proto"))
      faults.push_back(absl::StrCat(file.path, ": ", count, " lines"));
    for (size_t i = 0; i < lines.size(); ++i) {
      if (Columns(lines[i]) > kLineChars && !HasLongRows(file) &&
          !absl::StrContains(lines[i], "http"))
        faults.push_back(absl::StrCat(file.path, ":", i + 1, ": ", Columns(lines[i]), " columns"));
    }
    for (std::string& fault : BraceWalk(file).Run())
      faults.push_back(std::move(fault));
  }
  return faults;
}

Faults CheckBuildFiles(const Tree& tree) {
  Faults faults;
  const auto builds = BuildFiles(tree);
  for (const SourceFile& file : tree) {
    if (IsBuildFile(file) && absl::StrContains(file.text, "glob("))
      faults.push_back(absl::StrCat(file.path, ": glob (name the files)"));
    if (!IsSource(file)) continue;
    std::string folder = file.folder();
    if (absl::StartsWith(folder, "proto/")) folder = "proto";  // one package for all protos
    const auto build = builds.find(folder);
    if (build == builds.end()) {
      faults.push_back(absl::StrCat(file.path, ": its folder has no BUILD.bazel"));
      continue;
    }
    const std::string name = file.path.substr(folder.size() + 1);
    const std::string stem = name.substr(0, name.rfind('.'));  // a macro's target, as fuzz_target's
    if (!absl::StrContains(build->second->text, absl::StrCat("\"", name, "\"")) &&
        !absl::StrContains(build->second->text, absl::StrCat("name = \"", stem, "\"")))
      faults.push_back(absl::StrCat(file.path, ": in no target of ", folder));
  }
  return faults;
}

Faults CheckSuites(const Tree& tree) {
  Faults faults;
  const auto builds = BuildFiles(tree);
  const auto root = builds.find("");
  for (const auto& [folder, build] : builds) {
    if (!absl::StrContains(build->text, "_test(")) continue;
    const std::string suite = absl::StrCat("\"//", folder, ":tests\"");
    if (root == builds.end() || !absl::StrContains(root->second->text, suite))
      faults.push_back(absl::StrCat(build->path, ": no suite of the root names ", suite));
  }
  return faults;
}

Faults CheckLayout(const Tree& tree) {
  static const auto& top = *new std::set<std::string>{
      "BUILD.bazel", "README.md", "WORKSPACE", "cli", "deploy", "proto", "server", "tests"};
  Faults faults;
  std::set<std::string> seen;
  for (const SourceFile& file : tree) {
    const std::string first = file.path.substr(0, file.path.find('/'));
    seen.insert(first);
    if (first[0] != '.' && top.count(first) == 0)
      faults.push_back(absl::StrCat(file.path, ": does not belong to the top level"));
    const bool script = absl::StartsWith(file.text, "#!");
    if (script != file.executable && !absl::EndsWith(file.path, ".bin"))
      faults.push_back(absl::StrCat(file.path, script ? ": cannot be run" : ": is not a script"));
  }
  for (const std::string& name : top) {
    if (seen.count(name) == 0) faults.push_back(absl::StrCat(name, ": missing at the top level"));
  }
  return faults;
}

Faults CheckHeaders(const Tree& tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    if (absl::EndsWith(file.path, ".h") && !absl::StartsWith(file.text, "// "))
      faults.push_back(absl::StrCat(file.path, ":1: say what this is"));
  }
  return faults;
}

}  // namespace socketd::tidy
