#include "tests/real/keeper/kept.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

constexpr int kPatienceMs = 20000;
constexpr int kLines = 100;  // where daemons tell, out of the way of what tests open

std::string FirstWord(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

}  // namespace

Kept::Kept(const Live& live, const std::function<void()>& before) {
  // When the keeper goes, what was its is ours.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  std::array<int, 2> lines{};
  std::array<int, 2> errors{};
  if (pipe2(lines.data(), O_CLOEXEC) != 0 || pipe2(errors.data(), O_CLOEXEC) != 0) return;
  keeper_ = fork();
  if (keeper_ == 0) {
    dup2(lines[1], kLines);
    dup2(errors[1], STDERR_FILENO);
    for (const int number : {lines[0], lines[1], errors[0], errors[1]})
      close(number);
    before();
    _exit(live(Keep({}, {})));
  }
  close(lines[1]);
  close(errors[1]);
  lines_ = lines[0];
  errors_ = errors[0];
}

Kept::~Kept() {
  if (keeper_ > 0) KillWithChildren(keeper_);
  while (waitpid(-1, nullptr, 0) > 0)
    continue;
  close(lines_);
  close(errors_);
}

void Kept::Say(absl::string_view line) {
  const std::string text = absl::StrCat(line, "\n");
  if (write(kLines, text.data(), text.size()) < 0) _exit(99);
}

int Kept::AwaitSignal() {
  sigset_t wanted;
  sigfillset(&wanted);
  sigdelset(&wanted, SIGCHLD);
  return sigwaitinfo(&wanted, nullptr);
}

void Kept::Die(int signal) {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  ::signal(signal, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
  for (;;)
    kill(getpid(), signal);
}

bool Kept::ReadMore(int from, std::string& text) const {
  pollfd source{from, POLLIN, 0};
  std::array<char, 4096> part{};
  if (poll(&source, 1, kPatienceMs) <= 0) return false;
  const ssize_t length = read(from, part.data(), part.size());
  if (length > 0) text.append(part.data(), static_cast<size_t>(length));
  return length > 0;
}

std::string Kept::Hear() {
  while (!absl::StrContains(heard_, '\n'))
    if (!ReadMore(lines_, heard_)) return "";
  const size_t end = heard_.find('\n');
  const std::string line = heard_.substr(0, end);
  heard_.erase(0, end + 1);
  return line;
}

bool Kept::Complains(absl::string_view text) {
  while (!absl::StrContains(complaints_, text))
    if (!ReadMore(errors_, complaints_)) return false;
  return true;
}

int Kept::Find(absl::string_view name) const {
  for (const int child : ChildrenOf(keeper_))
    if (FirstWord(absl::StrCat("/proc/", child, "/comm")) == name) return child;
  return 0;
}

void Kept::Follow(int keeper) {
  waitpid(keeper_, nullptr, 0);
  keeper_ = keeper;
}

int Kept::Wait() {
  const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, keeper_, 0));
  pollfd end{pidfd, POLLIN, 0};
  const bool in_time = poll(&end, 1, kPatienceMs) == 1;
  close(pidfd);
  int status = 0;
  if (!in_time || waitpid(keeper_, &status, 0) != keeper_) return -1;
  keeper_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace socketd::real
