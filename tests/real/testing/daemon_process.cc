#include "tests/real/testing/daemon_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

constexpr int kPatienceMs = 20000;
constexpr char kProgram[] = "server/main/socketd";  // below the runfiles, where tests start

int NotifySocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  if (chmod(path.c_str(), 0666) != 0) return -1;
  return fd;
}

std::vector<std::string> CommandLine(const Place& place, const DaemonOptions& options) {
  std::vector<std::string> words = options.wrapper;
  words.push_back((std::filesystem::current_path() / kProgram).string());
  words.insert(words.end(),
               {"--unit-path", options.unit_path.empty() ? place.units() : options.unit_path});
  words.insert(words.end(), {"--state-dir", place.state(), "--runtime-dir", place.run()});
  words.insert(words.end(), {"--listen", "unix:" + place.run() + "/api.sock"});
  for (const std::string& address : options.listen) {
    words.insert(words.end(), {"--listen", address});
  }
  words.insert(words.end(), {"--log-level", options.log_level});
  words.insert(words.end(), options.more.begin(), options.more.end());
  return words;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What is to be handed over becomes 3, 4, ... of whoever calls itself LISTEN_PID.
int SpawnLogged(const std::string& log,
                std::vector<std::string> words,
                const std::string& notify,
                const std::vector<std::pair<std::string, int>>& held) {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C",
                                          "NOTIFY_SOCKET=" + notify};
  std::vector<std::string> names;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  for (const auto& [name, number] : held) {
    posix_spawn_file_actions_adddup2(&files, number, 3 + static_cast<int>(names.size()));
    names.push_back(name);
  }
  if (!held.empty()) {
    environment.push_back(absl::StrCat("LISTEN_FDS=", names.size()));
    environment.push_back(absl::StrCat("LISTEN_FDNAMES=", absl::StrJoin(names, ":")));
    words.insert(words.begin(), {"/bin/sh", "-c", "LISTEN_PID=$$ exec \"$@\"", "sh"});
  }
  std::vector<char*> argv = Pointers(words);
  std::vector<char*> envp = Pointers(environment);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : 0;
}

bool SameFile(int one, int other) {
  struct stat left{};
  struct stat right{};
  fstat(one, &left);
  fstat(other, &right);
  return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

std::string NameOf(const std::string& process) {
  return std::string(absl::StripAsciiWhitespace(FileText(process + "/comm")));
}

}  // namespace

std::string DaemonProcess::Hear() const {
  char text[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(notify_socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const std::string words(text, size > 0 ? static_cast<size_t>(size) : 0);
  const size_t at = words.find("FDNAME=");
  const std::string name = at == std::string::npos ? "stored" : words.substr(at + 7);
  if (absl::StrContains(words, "FDSTOREREMOVE=1")) DropHeld(name);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return words;
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof number);
  // What is held already is held once.
  const bool known = std::any_of(held_.begin(), held_.end(),
                                 [&](const auto& one) { return SameFile(one.second, number); });
  // Above the numbers that they become.
  if (!known) held_.emplace_back(name, fcntl(number, F_DUPFD_CLOEXEC, 500));
  close(number);
  return words;
}

void DaemonProcess::DropHeld(absl::string_view name) const {
  const auto dropped = std::stable_partition(held_.begin(), held_.end(),
                                             [name](const auto& one) { return one.first != name; });
  for (auto one = dropped; one != held_.end(); ++one)
    close(one->second);
  held_.erase(dropped, held_.end());
}

std::vector<std::string> DaemonProcess::Held() const {
  while (!Hear().empty())
    continue;
  std::vector<std::string> names;
  for (const auto& [name, number] : held_)
    names.push_back(name);
  return names;
}

void DaemonProcess::KillAll() {
  const int all[] = {pid_, Find("socketd-heir"), daemon_pid()};
  // None must have the time to notice.
  for (const int signal : {SIGSTOP, SIGKILL})
    for (const int pid : all)
      kill(pid, signal);
  waitpid(pid_, nullptr, 0);
  for (const int pid : {all[1], all[2]})
    AwaitEnd(pid);
  Held();
  close(pidfd_);
  close(notify_socket_);
  pid_ = 0;
  pidfd_ = notify_socket_ = -1;
}

absl::Status DaemonProcess::AwaitWord(absl::string_view word) const {
  for (;;) {
    pollfd sources[] = {{notify_socket_, POLLIN, 0}, {pidfd_, POLLIN, 0}};
    if (poll(sources, 2, kPatienceMs) <= 0) {
      return absl::DeadlineExceededError(absl::StrCat("socketd is not ready: ", Log()));
    }
    const std::string text = Hear();
    if (absl::StrContains(text, word)) return absl::OkStatus();
    if (text.empty() && sources[1].revents != 0) {
      return absl::UnavailableError(absl::StrCat("socketd has ended: ", Log()));
    }
  }
}

bool DaemonProcess::AwaitLog(absl::string_view text) const {
  const absl::Time end = absl::Now() + absl::Milliseconds(kPatienceMs);
  while (!absl::StrContains(Log(), text) && absl::Now() < end)
    std::this_thread::yield();
  return absl::StrContains(Log(), text);
}

std::string DaemonProcess::TcpAddress() const {
  const std::string mark = "api.listening address=tcp:";
  const int changes = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(changes, log_path().c_str(), IN_MODIFY);
  std::string log = Log();
  // A line is written as a whole.
  while (!absl::StrContains(log, mark)) {
    pollfd source = {changes, POLLIN, 0};
    char events[4096];
    if (poll(&source, 1, kPatienceMs) <= 0 || read(changes, events, sizeof events) < 0) break;
    log = Log();
  }
  close(changes);
  const size_t at = log.find(mark);
  if (at == std::string::npos) return "";
  const size_t begin = at + mark.size();
  return log.substr(begin, log.find_first_of(" \n", begin) - begin);
}

absl::Status DaemonProcess::Start(const DaemonOptions& options) {
  static int count = 0;  // another one may be in the same place
  const std::string notify = absl::StrCat(place_.root(), "/ready", ++count, ".sock");
  notify_socket_ = NotifySocket(notify);
  if (notify_socket_ < 0) return absl::InternalError("no socket to hear READY from");
  pid_ = SpawnLogged(log_path(), CommandLine(place_, options), notify, held_);
  absl::Status ready = absl::InternalError("socketd cannot be started");
  if (pid_ != 0) {
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    ready = AwaitReady();
  }
  return ready;
}

void DaemonProcess::Signal(int number) const {
  syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0);
}

int DaemonProcess::Find(absl::string_view name) const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    const bool same = NameOf(entry.path()) == name &&
                      absl::StrContains(FileText(entry.path() / "cmdline"), place_.run());
    if (same && Alive(pid)) return pid;
  }
  return 0;
}

int DaemonProcess::daemon_pid() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  api_path().copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool told = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  close(fd);
  return told ? peer.pid : 0;
}

void DaemonProcess::Follow(int keeper) {
  waitpid(pid_, nullptr, 0);
  close(pidfd_);
  pid_ = keeper;
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

absl::StatusOr<int> DaemonProcess::Stop() {
  if (pid_ == 0) return absl::FailedPreconditionError("socketd does not run");
  Signal(SIGTERM);
  pollfd end = {pidfd_, POLLIN, 0};
  const bool in_time = poll(&end, 1, kPatienceMs) > 0;
  if (!in_time) KillWithChildren(pid_);
  int status = 0;
  waitpid(pid_, &status, 0);
  Held();
  close(pidfd_);
  close(notify_socket_);
  pid_ = 0;
  pidfd_ = notify_socket_ = -1;
  if (!in_time) return absl::DeadlineExceededError(absl::StrCat("SIGTERM did not help: ", Log()));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

DaemonProcess::~DaemonProcess() {
  if (pid_ != 0) Stop().IgnoreError();
  for (const auto& [name, number] : held_)
    close(number);
}

}  // namespace socketd::real
