// A daemon under its keeper whose sockets are asked all the time, over TCP and unix sockets, with
// Accept=no and Accept=yes, and whose changes are followed. What is done to it meanwhile is the
// test's; in the end nobody was refused, nobody has lost a connection, no end of a service was
// forgotten, and each change was seen once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/real/keeper/follower.h"
#include "tests/real/keeper/load.h"
#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/reaper.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {

// A number from the environment, as CHAOS_SEED=7.
uint64_t NumberFrom(const char* variable, uint64_t otherwise);

class UnderLoad : public DaemonTest {
 protected:
  void SetUp() override;

  // Starts the daemon, its sockets and these units, and everybody asks.
  void BeginLoad(const std::vector<std::string>& units = {});
  // Everybody has stopped asking, and was served; all changes were seen.
  void EndLoad();
  // How many were answered so far.
  int answered() const { return load_->answered(); }
  // Those of the sockets with Accept=yes.
  int echoed() const { return load_->askers()[2]->answered() + load_->askers()[3]->answered(); }
  // Waits until so many more were; false after 20 s.
  bool AwaitAnswers(int more) const { return load_->Await(more); }

  // The heir that is there, or will be in a moment; 0 after 20 s.
  int AwaitHeir();
  // Each returns when whoever was killed is there again.
  void KillKeeper();
  void KillHeir();
  void KillDaemon();

  const Follower& follower() const { return *follower_; }
  // Where the sockets listen: over TCP, and at a path.
  const std::string& web(size_t which) const { return web_[which]; }
  const std::string& echo(size_t which) const { return echo_[which]; }

 private:
  const std::string web_[2] = {absl::StrCat("127.0.0.1:", FreePort()), place().root() + "/web"};
  const std::string echo_[2] = {absl::StrCat("127.0.0.1:", FreePort()), place().root() + "/echo"};
  std::optional<Reaper> reaper_;  // of what a killed keeper leaves
  std::optional<Load> load_;
  std::optional<Follower> follower_;
};

}  // namespace socketd::real
