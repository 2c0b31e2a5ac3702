#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace socketd::tidy {
namespace {

namespace fs = std::filesystem;

bool IsMade(absl::string_view name) {
  return name == ".git" || name == "node_modules" || name == "__pycache__" ||
         name == "compile_commands.json" || name == "user.bazelrc" ||
         absl::StartsWith(name, "bazel-");
}

SourceFile ReadFile(const fs::path& root, const fs::directory_entry& entry) {
  std::ifstream in(entry.path(), std::ios::binary);
  SourceFile file;
  file.path = entry.path().lexically_relative(root).generic_string();
  file.text.assign(std::istreambuf_iterator<char>(in), {});
  file.executable = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
  if (file.is_cpp()) file.code = BlankedCpp(file.text);
  return file;
}

// Where the literal or comment that begins at `at` ends; `at` itself when none begins there.
size_t EndOfBlank(absl::string_view text, size_t at) {
  const auto end = [&](absl::string_view closing, size_t from) {
    const size_t found = text.find(closing, from);
    return found == absl::string_view::npos ? text.size() : found + closing.size();
  };
  const absl::string_view rest = text.substr(at);
  if (absl::StartsWith(rest, "//")) return end("\n", at) - 1;
  if (absl::StartsWith(rest, "/*")) return end("*/", at + 2);
  if (absl::StartsWith(rest, "R\"")) {
    const size_t open = text.find('(', at);
    if (open == absl::string_view::npos) return text.size();
    return end(absl::StrCat(")", text.substr(at + 2, open - at - 2), "\""), open);
  }
  const bool digit_separator = rest[0] == '\'' && at > 0 && std::isxdigit(text[at - 1]) != 0;
  if ((rest[0] != '"' && rest[0] != '\'') || digit_separator) return at;
  size_t i = at + 1;
  while (i < text.size() && text[i] != rest[0] && text[i] != '\n')
    i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

}  // namespace

bool SourceFile::is_cpp() const {
  return absl::EndsWith(path, ".h") || absl::EndsWith(path, ".cc");
}

std::string SourceFile::folder() const {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::vector<SourceFile> ReadTree(const std::string& root) {
  std::vector<SourceFile> files;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(root, error);
       at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (IsMade(at->path().filename().string())) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file(error) && !at->is_symlink(error)) {
      files.push_back(ReadFile(root, *at));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::string RepositoryRoot() {
  const char* runfiles = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  if (runfiles == nullptr || workspace == nullptr) return ".";
  // A data file in the runfiles is a link, through Bazel's own folders, to the working tree.
  std::error_code error;
  const fs::path anchor = fs::path(runfiles) / workspace / ".clang-tidy";
  return fs::canonical(anchor, error).parent_path().string();
}

std::string BlankedCpp(absl::string_view text) {
  std::string code(text);
  for (size_t at = 0; at < text.size();) {
    const size_t end = EndOfBlank(text, at);
    for (size_t i = at; i < end; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
    at = std::max(end, at + 1);
  }
  return code;
}

}  // namespace socketd::tidy
