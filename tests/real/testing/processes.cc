#include "tests/real/testing/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

#include "tests/real/testing/place.h"

namespace socketd::real {
namespace {

namespace fs = std::filesystem;
constexpr int kPatienceMs = 20000;

int PidFd(int pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

int Spawn(std::vector<std::string> argv, int output, bool with_errors) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (std::string& word : argv)
    words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  if (with_errors) posix_spawn_file_actions_adddup2(&files, output, 2);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : 0;
}

struct Started {
  int pid = 0;
  int output = -1;
};

Started Launch(std::vector<std::string> argv, bool with_errors) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  Started started{Spawn(std::move(argv), ends[1], with_errors), ends[0]};
  close(ends[1]);
  return started;
}

ProgramResult Collect(const Started& started) {
  ProgramResult result;
  if (started.pid == 0) {
    close(started.output);
    return result;
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  for (;;) {
    pollfd more = {started.output, POLLIN, 0};
    const int left = static_cast<int>(absl::ToInt64Milliseconds(deadline - absl::Now()));
    if (left <= 0 || poll(&more, 1, left) <= 0) break;
    char part[4096];
    const ssize_t size = read(started.output, part, sizeof part);
    if (size <= 0) break;
    result.output.append(part, size);
  }
  close(started.output);
  if (absl::Now() >= deadline) kill(started.pid, SIGKILL);
  int status = 0;
  waitpid(started.pid, &status, 0);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace

bool Alive(int pid) {
  const std::string stat = FileText(absl::StrCat("/proc/", pid, "/stat"));
  const size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end + 2, 1) != "Z";
}

int DescriptorCount(int pid) {
  std::error_code error;
  const fs::directory_iterator entries(absl::StrCat("/proc/", pid, "/fd"), error);
  return error ? -1 : static_cast<int>(std::distance(begin(entries), end(entries)));
}

std::vector<int> WithEnvironment(absl::string_view entry) {
  const std::string wanted = absl::StrCat(std::string(1, '\0'), entry, std::string(1, '\0'));
  std::vector<int> found;
  for (const auto& process : fs::directory_iterator("/proc")) {
    int pid = 0;
    if (!absl::SimpleAtoi(process.path().filename().string(), &pid)) continue;
    const std::string environment =
        absl::StrCat(std::string(1, '\0'), FileText(process.path().string() + "/environ"));
    if (absl::StrContains(environment, wanted) && Alive(pid)) found.push_back(pid);
  }
  return found;
}

std::string CommandLine(int pid) {
  const std::string words = FileText(absl::StrCat("/proc/", pid, "/cmdline"));
  return absl::StrJoin(absl::StrSplit(words, '\0', absl::SkipEmpty()), " ");
}

std::string ControlGroup(int pid) {
  const std::string text = FileText(absl::StrCat("/proc/", pid, "/cgroup"));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) return std::string(line);
  }
  return "";
}

absl::Duration AwaitEnd(int pid) {
  const absl::Time begun = absl::Now();
  const int pidfd = PidFd(pid);
  if (pidfd < 0) return absl::ZeroDuration();
  pollfd end = {pidfd, POLLIN, 0};
  poll(&end, 1, kPatienceMs);
  close(pidfd);
  return absl::Now() - begun;
}

void Kill(int pid) {
  const int pidfd = PidFd(pid);
  if (pidfd < 0) return;
  syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  close(pidfd);
}

std::vector<int> ChildrenOf(int pid) {
  std::vector<int> children;
  std::istringstream text(FileText(absl::StrCat("/proc/", pid, "/task/", pid, "/children")));
  for (int child = 0; text >> child;)
    children.push_back(child);
  return children;
}

void KillWithChildren(int pid) {
  kill(pid, SIGSTOP);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WEXITED | WNOWAIT);
  for (const int child : ChildrenOf(pid))
    kill(child, SIGKILL);
  kill(pid, SIGKILL);
}

ProgramResult Execute(std::vector<std::string> argv, bool with_errors) {
  return Collect(Launch(std::move(argv), with_errors));
}

Background::Background(std::vector<std::string> argv) {
  const Started started = Launch(std::move(argv), true);
  pid_ = started.pid;
  output_ = started.output;
}

ProgramResult Background::Wait() {
  return Collect({std::exchange(pid_, 0), std::exchange(output_, -1)});
}

Background::~Background() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  Wait();
}

}  // namespace socketd::real
