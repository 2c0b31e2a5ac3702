// The fixture of tests that change the daemon's program: an installed socketd in a folder of its
// own, which can be replaced as a package manager does it, and programs that are not fit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/real/keeper/upgrade_client.h"
#include "tests/real/testing/daemon_test.h"

namespace socketd::real {

class UpgradableTest : public DaemonTest {
 protected:
  void SetUp() override;

  // Starts the installed program, with web.socket (Accept=no) and echo.socket (Accept=yes), each at
  // a TCP and a unix address.
  void BeginInstalled(const std::string& log_level = "info");

  // Another file in the place of the installed program.
  void Install();
  std::string installed() const { return place().root() + "/bin/socketd"; }
  // A program made of a script; `real` in it is the installed socketd.
  std::string Script(const std::string& name, const std::string& text) const;
  // One that is found fit, and does `text` when it is to take over.
  std::string FitScript(const std::string& name, const std::string& text) const;
  // A line before a program whose daemons are to fail before they are ready: hang, abort, exit.
  std::string Spoiled(const std::string& how) const;

  UpgradeClient& upgrades() { return *upgrades_; }
  // The one that the test started, or whoever has taken its place.
  int keeper() { return daemon().Find("socketd-keeper"); }

  // Each of them answers.
  void ExpectService();

  std::vector<std::string> addresses() const { return {web_[0], web_[1], echo_[0], echo_[1]}; }

  const std::string web_[2] = {"127.0.0.1:" + std::to_string(FreePortNow()),
                               place().root() + "/web"};
  const std::string echo_[2] = {"127.0.0.1:" + std::to_string(FreePortNow()),
                                place().root() + "/echo"};

 private:
  static int FreePortNow();

  int installs_ = 0;
  std::unique_ptr<UpgradeClient> upgrades_;
};

}  // namespace socketd::real
