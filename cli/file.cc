#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <istream>

#include "absl/strings/str_cat.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared

namespace socketd::cli {
namespace {

absl::Status Failed(absl::string_view what, absl::string_view path) {
  const int error = errno;
  return absl::FailedPreconditionError(absl::StrCat(what, " ", path, ": ", strerrordesc_np(error)));
}

bool WriteAll(int descriptor, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> ReadText(std::istream& in, absl::string_view name) {
  std::string text;
  std::array<char, 4096> block{};
  while (in.read(block.data(), block.size()) || in.gcount() > 0) {
    text.append(block.data(), static_cast<size_t>(in.gcount()));
    if (text.size() > kMaxTextBytes) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, " has more than ", kMaxTextBytes, " bytes: not a unit file"));
    }
  }
  if (in.bad()) return Failed("cannot read", name);
  return text;
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator at(path, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error))
    names.push_back(at->path().filename().string());
  errno = error.value();
  if (error) return Failed("cannot read", path);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in.is_open()) return Failed("cannot open", path);
  in.peek();  // a folder opens, and fails only now
  if (in.bad()) return Failed("cannot read", path);
  in.clear();
  return ReadText(in, path);
}

absl::StatusOr<std::string> NewPrivateFile(const std::string& folder,
                                           const std::string& suffix,
                                           absl::string_view text) {
  std::string path = absl::StrCat(folder, "/socketctl-XXXXXX-", suffix);
  const int descriptor = mkostemps(path.data(), static_cast<int>(suffix.size()) + 1, O_CLOEXEC);
  if (descriptor < 0) return Failed("cannot create a file in", folder);
  const bool written = WriteAll(descriptor, text);
  absl::Status status = written ? absl::OkStatus() : Failed("cannot write", path);
  close(descriptor);
  if (!status.ok()) return status;
  return path;
}

absl::Status Edit(const std::string& command, const std::string& path) {
  // The editor's name may come with arguments ("code --wait"), so a shell takes it apart; the path
  // is handed over as it is.
  std::string shell = "sh";
  std::string dash_c = "-c";
  std::string script = absl::StrCat(command, " \"$1\"");
  std::string zero = "socketctl";
  std::string argument = path;
  std::array<char*, 6> arguments = {shell.data(), dash_c.data(),   script.data(),
                                    zero.data(),  argument.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments.data(), environ);
  if (error != 0) {
    errno = error;
    return Failed("cannot run the editor", command);
  }
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0) {
    if (errno != EINTR) return Failed("cannot wait for the editor", command);
  }
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return absl::OkStatus();
  const std::string how = WIFEXITED(ended) ? absl::StrCat("status ", WEXITSTATUS(ended))
                                           : absl::StrCat("signal ", WTERMSIG(ended));
  return absl::FailedPreconditionError(
      absl::StrCat("the editor \"", command, "\" ended with ", how));
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace socketd::cli
