#include "server/keeper/program_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string_view>

namespace socketd {
namespace {

constexpr std::string_view kGreeting = "socketd ";
constexpr int kCannotRun = 126;  // as shells have it

constexpr std::string_view kYes = " can take over";

// The second word of the line "socketd VERSION can take over"; empty: it is another one.
std::string_view VersionInLine(std::string_view line) {
  if (line.substr(0, kGreeting.size()) != kGreeting) return {};
  line.remove_prefix(kGreeting.size());
  const std::string_view version = line.substr(0, line.find(' '));
  return line.substr(version.size(), kYes.size()) == kYes ? version : std::string_view();
}

// In any of its lines: libraries may have had to say something first.
std::string_view VersionIn(std::string_view said) {
  while (!said.empty()) {
    const size_t end = said.find('\n');
    const std::string_view version = VersionInLine(said.substr(0, end));
    if (!version.empty() || end == std::string_view::npos) return version;
    said.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

bool ProgramCheck::Start(const CloneTable& clone, const OomScore& oom, const Orders& orders) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  snprintf(program_, sizeof program_, "%s", orders.program);
  limit_ = orders.limit;
  until_ = Now() + limit_;
  late_ = false;
  length_ = 0;
  pid_ = clone.ForkApart();
  if (pid_ == 0) Run(ends[1], oom, orders);
  const int error = errno;
  close(ends[1]);
  output_ = RaisedNumber(ends[0]);
  fcntl(output_, F_SETFL, O_NONBLOCK);
  if (pid_ > 0) {
    setpgid(pid_, pid_);
    return true;
  }
  Abandon();
  errno = error;
  return false;
}

void ProgramCheck::Run(int output, const OomScore& oom, const Orders& orders) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  oom.Restore();
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  for (const int* number = orders.shown; *number >= 0; ++number)
    fcntl(*number, F_SETFD, 0);
  execve(orders.program, orders.arguments, orders.environment);
  const char* const why = ErrorText(errno);
  if (write(STDERR_FILENO, why, strlen(why)) < 0) _exit(kCannotRun + 1);
  _exit(kCannotRun);
}

void ProgramCheck::Listen() {
  char dropped[512];
  for (;;) {
    const size_t room = sizeof said_ - length_;
    const ssize_t length =
        room > 0 ? read(output_, said_ + length_, room) : read(output_, dropped, sizeof dropped);
    if (length <= 0) return;
    if (room > 0) length_ += static_cast<size_t>(length);
    // Who writes without end is late some time.
    if (room == 0 && Now() >= until_) return;
  }
}

void ProgramCheck::Look() {
  if (pid_ == 0) return;
  Listen();
  if (late_ || Now() < until_) return;
  late_ = true;
  until_ = INT64_MAX;
  kill(-pid_, SIGKILL);
}

bool ProgramCheck::Conclude(const siginfo_t& end, SharedText<64>& version, UpgradeError& error) {
  Listen();
  kill(-pid_, SIGKILL);  // what it may have started; its number is its own until it is waited for
  while (length_ > 0 && said_[length_ - 1] == '\n')
    --length_;
  const std::string_view said{said_, length_};
  const bool exited = end.si_code == CLD_EXITED;
  const bool fit = exited && end.si_status == 0 && !VersionIn(said).empty();
  const int length = static_cast<int>(length_);
  const char* const colon = length > 0 ? ": " : "";
  if (fit)
    version.Set(VersionIn(said));
  else if (late_)
    error.Format("%s did not say within %d ms whether it can take over", program_,
                 static_cast<int>(limit_));
  else if (exited && end.si_status == kCannotRun)
    error.Format("%s cannot be run: %.*s", program_, length, said_);
  else if (!exited)
    error.Format("%s was killed by signal %d%s%.*s", program_, end.si_status, colon, length, said_);
  else if (end.si_status != 0)
    error.Format("%s ended with status %d%s%.*s", program_, end.si_status, colon, length, said_);
  else
    error.Format("%s is no socketd that can take over%s%.*s", program_, colon, length, said_);
  Abandon();
  return fit;
}

void ProgramCheck::Abandon() {
  if (pid_ > 0) kill(-pid_, SIGKILL);
  Forget();
}

void ProgramCheck::Disown() {
  output_ = -1;
  pid_ = 0;
}

void ProgramCheck::Forget() {
  if (output_ >= 0) close(output_);
  output_ = -1;
  pid_ = 0;
}

}  // namespace socketd
