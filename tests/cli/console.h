// A terminal for the tests of socketctl: runs the whole program in this process against a fake
// daemon, with time, environment and files held still. Main thread of the test.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "tests/cli/fake_daemon.h"

namespace socketd::cli {

struct Said {
  ExitCode code = ExitCode::kSuccess;
  std::string out;
  std::string err;
};

class Console {
 public:
  Console();
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Ends the daemon, or starts a new one at the same address.
  void StopDaemon();
  void StartDaemon();
  FakeDaemon& daemon() { return *daemon_; }
  std::string socket() const { return folder_ + "/api.sock"; }
  std::string folder() const { return folder_; }

  Said Run(const std::vector<std::string>& arguments);
  // A line as one types it: VAR=VALUE words first, 'quotes', and < FILE at the end. In what is said
  // the address reads ADDRESS, and the names of private files FILE.
  Said Type(const std::string& line);

  std::map<std::string, std::string> environment;
  std::string input;
  bool colour = false;
  bool broken_output = false;
  int pauses = 0;  // how often the program paused
  std::function<void()> on_pause;

 private:
  std::string Settled(std::string text) const;

  std::string folder_;
  std::unique_ptr<FakeDaemon> daemon_;
};

}  // namespace socketd::cli
