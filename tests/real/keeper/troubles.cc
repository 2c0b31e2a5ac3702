#include "tests/real/keeper/troubles.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int kMomentMs = 30;  // longer than a daemon needs to be missed

void LetAMomentPass() {
  poll(nullptr, 0, kMomentMs);
}

// A reset connection, or none: the daemon that was asked is gone.
bool WasLost(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsCancelled(status);
}

}  // namespace

const Troubles::Named Troubles::kAll[] = {
    {"kill-daemon", &Troubles::KillDaemon},
    {"kill-keeper", &Troubles::KillKeeper},
    {"kill-heir", &Troubles::KillHeir},
    {"kill-keeper-and-daemon", &Troubles::KillKeeperAndDaemon},
    {"stop-daemon", &Troubles::StopTheDaemonForAMoment},
    {"freeze", &Troubles::FreezeAllForAMoment},
    {"crash-service", &Troubles::CrashAService},
    {"start-stop", &Troubles::StartOrStopAService},
    {"disk-full", &Troubles::FillTheDisk},
    {"no-descriptors", &Troubles::RunOutOfDescriptors},
};

void Troubles::SetUp() {
  UnderLoad::SetUp();
  if (IsSkipped()) return;
  own_state_ = mount("tmpfs", place().state().c_str(), "tmpfs", 0, "size=64k,mode=700") == 0;
  if (!own_state_) std::cout << "no disk is filled: the test may not mount one\n";
  const char* const kService =
      "[Unit]\nStartLimitIntervalSec=0\n[Service]\nEnvironment=SOCKETD_CHAOS=yes\n"
      "ExecStart=/bin/sleep 1000\nLimitCORE=0\nRestartSec=0\n";
  place().WriteUnit("victim.service", absl::StrCat(kService, "Restart=always\n"));
  place().WriteUnit("flip.service", kService);
}

void Troubles::TearDown() {
  UnderLoad::TearDown();
  if (!own_state_) return;
  daemon().Stop().IgnoreError();
  umount2(place().state().c_str(), MNT_DETACH);
}

void Troubles::BeginTroubles() {
  BeginLoad({"victim.service"});
}

std::string Troubles::Strike(std::mt19937_64& random) {
  const Named& one = kAll[random() % std::size(kAll)];
  ++struck_;
  (this->*one.strike)();
  if (HasFailure()) std::cout << "after " << one.name << "\n";
  return one.name;
}

void Troubles::EndTroubles() {
  ApiClient now(daemon().api_address());
  const auto victim = now.Get("victim.service");
  ASSERT_TRUE(victim.ok()) << victim.status();
  EXPECT_EQ(victim->status().service().restarts(), crashes_);
  EXPECT_EQ(victim->status().sub_state(), "running");
  EXPECT_EQ(now.State("flip.service"), flip_runs_ ? "running" : "dead");
  EXPECT_EQ(now.Names("made-*"), std::vector<std::string>());
  for (const char* socket : {"web.socket", "echo.socket"}) {
    const auto unit = now.Get(socket);
    ASSERT_TRUE(unit.ok()) << unit.status();
    const v1::SocketStatus& counted = unit->status().socket();
    EXPECT_EQ(counted.refused(), 0U) << socket;
    EXPECT_EQ(counted.failed() + counted.skipped(), 0U) << socket;
    EXPECT_GE(counted.triggered(), 1U) << socket;
  }
  // An instruction before it was written down the daemon may have been killed; never is one counted
  // twice.
  const auto accepted = static_cast<int>(now.Get("echo.socket")->status().socket().accepted());
  std::cout << accepted << " accepted, " << echoed() << " of them answered\n";
  EXPECT_LE(accepted, echoed());
  EXPECT_GE(accepted + struck_, echoed());
}

template <typename Call>
absl::Status Troubles::Insist(const Call& call) {
  const absl::Time end = absl::Now() + kPatience;
  absl::Status answer;
  do {
    ApiClient now(daemon().api_address());
    answer = call(now);
  } while (WasLost(answer) && absl::Now() < end);
  return answer;
}

void Troubles::KillKeeperAndDaemon() {
  const int heir = AwaitHeir();
  const int pid = daemon().daemon_pid();
  daemon().Signal(SIGSTOP);  // it cannot start the next one itself
  Kill(pid);
  Kill(daemon().pid());
  daemon().Follow(heir);
  const absl::Status ready = daemon().AwaitReady();
  EXPECT_TRUE(ready.ok()) << ready;
}

void Troubles::StopTheDaemonForAMoment() {
  const int pid = daemon().daemon_pid();
  kill(pid, SIGSTOP);
  LetAMomentPass();
  kill(pid, SIGCONT);
}

void Troubles::FreezeAllForAMoment() {
  const int all[] = {daemon().daemon_pid(), daemon().pid(), AwaitHeir()};
  for (const int pid : all)
    kill(pid, SIGSTOP);
  LetAMomentPass();
  for (const int pid : all)
    kill(pid, SIGCONT);
}

// It is restarted, and that is counted once.
void Troubles::CrashAService() {
  ApiClient now(daemon().api_address());
  auto watcher = now.Watch();
  const int pid = now.MainPid("victim.service");
  ASSERT_GT(pid, 0);
  kill(pid, SIGSEGV);
  ++crashes_;
  EXPECT_EQ(watcher->Until("victim.service", "running").back(), "running");
}

// The daemon may be killed before it has answered: then it is asked again.
void Troubles::StartOrStopAService() {
  const bool start = !flip_runs_;
  if (Sometimes()) {
    ApiClient now(daemon().api_address());
    const absl::Status asked = now.StartWithoutWaiting(start ? "flip.service" : "victim.service");
    EXPECT_TRUE(asked.ok()) << asked;
    KillDaemon();
  }
  const absl::Status done = Insist(
      [&](ApiClient& now) { return start ? now.Start("flip.service") : now.Stop("flip.service"); });
  EXPECT_TRUE(done.ok()) << done;
  flip_runs_ = start;
}

// A unit cannot be made while the disk is full, which is said, and can be when it is not.
void Troubles::FillTheDisk() {
  if (!own_state_) return;
  const std::string name = absl::StrCat("made-", ++files_, ".service");
  const Wish wish{name, "[Service]\nExecStart=/bin/true\n"};
  const std::string ballast = place().state() + "/ballast";
  {
    std::ofstream file(ballast, std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush())
      continue;
  }
  const absl::Status refused = Insist([&](ApiClient& now) { return now.Apply({wish}); });
  EXPECT_THAT(refused.ToString(), HasSubstr("No space left"));
  if (Sometimes()) KillDaemon();
  std::error_code error;
  std::filesystem::remove(ballast, error);
  const absl::Status made = Insist([&](ApiClient& now) { return now.Apply({wish}); });
  EXPECT_TRUE(made.ok()) << made;
  const absl::Status gone = Insist([&](ApiClient& now) { return now.Delete(name); });
  EXPECT_TRUE(gone.ok() || absl::IsNotFound(gone)) << gone;
}

// Who comes waits, and operators are answered all the same.
// Of one that has taken over all that it is to: with none at its start there is nothing to be had.
void Troubles::RunOutOfDescriptors() {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!ApiClient(daemon().api_address()).Get("web.socket").ok() && absl::Now() < end) {
  }
  const int pid = daemon().daemon_pid();
  rlimit before{};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit few{8, before.rlim_max};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &few, nullptr), 0);
  LetAMomentPass();
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_TRUE(AwaitAnswers(4));
}

}  // namespace socketd::real
