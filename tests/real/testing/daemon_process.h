// A real socketd with folders of its own, started from the build's runfiles as its users would:
// options, NOTIFY_SOCKET, signals. Start() returns when it has said READY=1; the destructor stops
// it with SIGTERM, and kills it if that does not help. Waits are bounded by 20 s each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "tests/real/testing/place.h"

namespace socketd::real {

struct DaemonOptions {
  std::string unit_path;             // empty: the place's units
  std::vector<std::string> wrapper;  // words before the program, as {"/usr/bin/setpriv", ...}
  std::vector<std::string> listen;   // further --listen addresses
  std::vector<std::string> more;     // further words, as {"--no-keeper"}
  std::string log_level = "info";
};

class DaemonProcess {
 public:
  explicit DaemonProcess(const Place& place) : place_(place) {}
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  // A second time, when it is gone with all that kept it: what it had given to be held is handed
  // over, as service managers do.
  absl::Status Start(const DaemonOptions& options = {});
  // Sends SIGTERM and waits for the end. Answers with the exit status, or 128 and the signal.
  absl::StatusOr<int> Stop();
  // Sends any signal.
  void Signal(int number) const;

  // What was started and is signalled: the keeper, if the daemon has one.
  int pid() const { return pid_; }
  // Its process of this name, as "socketd-heir"; 0: there is none. Not for the daemon: its children
  // look like it until their exec.
  int Find(absl::string_view name) const;
  // Who listens for the API, once it is ready.
  int daemon_pid() const;
  // Kills keeper, heir and daemon at once, and waits for their ends.
  void KillAll();
  // What it has given to be held until now (FDSTORE=1, sd_notify(3)), by name.
  std::vector<std::string> Held() const;
  // Waits until the daemon says READY=1 again: the next one does, when one was killed.
  absl::Status AwaitReady() const { return AwaitWord("READY=1"); }
  // The same for anything that it tells its supervisor.
  absl::Status AwaitWord(absl::string_view word) const;
  // The keeper was killed, and this is the one now. It must be a child of the test's by then
  // (PR_SET_CHILD_SUBREAPER).
  void Follow(int keeper);
  std::string api_path() const { return place_.run() + "/api.sock"; }
  std::string api_address() const { return "unix:" + api_path(); }
  std::string handoff_path() const { return place_.run() + "/handoff.sock"; }
  std::string notify_path() const { return place_.run() + "/notify.sock"; }
  // Waits until it has written that.
  bool AwaitLog(absl::string_view text) const;
  // What it wrote to its standard output and error.
  std::string Log() const { return FileText(log_path()); }
  // "127.0.0.1:40123": where it listens for "tcp:127.0.0.1:0", as its log says, maybe later than
  // READY=1 comes. Empty: it did not say so in time.
  std::string TcpAddress() const;

 private:
  std::string log_path() const { return place_.root() + "/log"; }
  // The next message; empty: there is none now.
  std::string Hear() const;
  void DropHeld(absl::string_view name) const;
  const Place& place_;
  int pid_ = 0;
  int pidfd_ = -1;
  int notify_socket_ = -1;
  mutable std::vector<std::pair<std::string, int>> held_;  // name and descriptor
};

}  // namespace socketd::real
