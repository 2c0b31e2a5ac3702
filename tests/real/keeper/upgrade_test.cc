// Another program in the daemon's place: nobody is refused or loses a connection, and a program
// that cannot take over leaves the old one where it was.
//   bazel test //tests/real/keeper:upgrade_test --test_env=UPGRADES=50 --test_env=UPGRADE_KILLS=100
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/real/keeper/follower.h"
#include "tests/real/keeper/load.h"
#include "tests/real/keeper/upgradable.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

int Number(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  int number = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &number)) return otherwise;
  return number;
}

double Milliseconds(const google::protobuf::Duration& span) {
  return static_cast<double>(span.seconds()) * 1e3 + span.nanos() / 1e6;
}

class UpgradeTest : public UpgradableTest {
 protected:
  // A copy of the installed program with other words in it, of the same length.
  std::string Patched(const std::string& name, const std::string& from, const std::string& to) {
    const std::string bytes = absl::StrReplaceAll(FileText(installed()), {{from, to}});
    const std::string path = place().Write(absl::StrCat("bin/", name), bytes);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
};

TEST_F(UpgradeTest, NothingIsLost) {
  const int upgrades = Number("UPGRADES", 10);
  ASSERT_NO_FATAL_FAILURE(BeginInstalled("warning"));
  const int main_process = daemon().pid();
  Follower follower(daemon().api_address());
  Load load(addresses());
  std::vector<double> gaps;
  for (int i = 0; i < upgrades && !HasFailure(); ++i) {
    load.Await(20);
    Install();
    const auto after = this->upgrades().Upgrade("");
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_TRUE(after->upgrade().done()) << after->DebugString();
    EXPECT_EQ(after->life(), i + 2);
    gaps.push_back(Milliseconds(after->upgrade().gap()));
  }
  load.Await(20);
  EXPECT_EQ(load.End(), 0);
  EXPECT_EQ(keeper(), main_process) << "the main process stays";
  const std::string running =
      std::filesystem::read_symlink(absl::StrCat("/proc/", daemon().daemon_pid(), "/exe"));
  EXPECT_EQ(running, installed());
  ApiClient client(daemon().api_address());
  const absl::StatusOr<v1::Unit> web = client.Get("web.socket");
  ASSERT_TRUE(web.ok());
  EXPECT_TRUE(follower.Reach(web->revision()));
  EXPECT_THAT(follower.complaints(), IsEmpty());
  EXPECT_EQ(client.Get("web.service")->status().result(), v1::RESULT_SUCCESS);
  std::sort(gaps.begin(), gaps.end());
  std::cout << "nobody served for: median " << gaps[gaps.size() / 2] << " ms, worst " << gaps.back()
            << " ms\n";
}

TEST_F(UpgradeTest, ProcessesChangeTheirProgramAndServicesStay) {
  place().WriteUnit("stay.service", "[Service]\nExecStart=/bin/sleep 1000\n");
  place().WriteUnit("end.service", absl::StrCat("[Service]\nExecStart=/bin/sh -c 'read x <",
                                                place().root(), "/go; exit 7'\n"));
  ASSERT_EQ(mkfifo((place().root() + "/go").c_str(), 0600), 0);
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  const v1::GetServerResponse before = upgrades().Server();
  EXPECT_EQ(before.program(), installed());
  EXPECT_FALSE(before.has_upgrade());
  ASSERT_TRUE(client().Start("stay.service").ok());
  ASSERT_TRUE(client().Start("end.service").ok());
  const int service = client().MainPid("stay.service");
  const auto talk = Conversation::Open(echo_[0]);
  ASSERT_TRUE(talk->Say("before"));
  EXPECT_EQ(talk->Hear(), "before");
  std::filesystem::rename(Patched("next", before.version(), "9.9.9"), installed());
  const auto after = upgrades().Upgrade("");
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(after->upgrade().done());
  EXPECT_EQ(after->upgrade().from_version(), before.version());
  EXPECT_EQ(after->upgrade().to_version(), "9.9.9");
  EXPECT_EQ(after->version(), "9.9.9");
  ASSERT_TRUE(daemon().AwaitWord(absl::StrCat("READY=1\nMAINPID=", daemon().pid())).ok());
  for (const char* name : {"socketd-keeper", "socketd-heir"}) {
    EXPECT_EQ(std::filesystem::read_symlink(absl::StrCat("/proc/", daemon().Find(name), "/exe")),
              installed())
        << name;
  }
  ASSERT_TRUE(talk->Say("after"));
  EXPECT_EQ(talk->Hear(), "after") << "a connection goes on";
  ApiClient next(daemon().api_address());
  EXPECT_EQ(next.MainPid("stay.service"), service);
  auto watcher = next.Watch();
  const int go = open((place().root() + "/go").c_str(), O_WRONLY | O_CLOEXEC);
  close(go);
  EXPECT_EQ(watcher->Until("end.service", "failed").back(), "failed");
  EXPECT_EQ(next.Get("end.service")->status().result(), v1::RESULT_EXIT_CODE);
  EXPECT_EQ(*daemon().Stop(), 0);
  EXPECT_EQ(keeper(), 0);
}

TEST_F(UpgradeTest, AsOperatorsDoIt) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  const auto type = [this](const std::vector<std::string>& words) {
    std::vector<std::string> argv = {(std::filesystem::current_path() / "cli/socketctl").string(),
                                     "--address", daemon().api_address()};
    argv.insert(argv.end(), words.begin(), words.end());
    return Execute(argv, true);
  };
  Install();
  const ProgramResult done = type({"daemon-upgrade"});
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.output,
              testing::ContainsRegex("^upgraded from [0-9.]+ to [0-9.]+ in [0-9]+ ms"));
  const std::string broken = FitScript("exits", Spoiled("exit") + "exec $real \"$@\"");
  const ProgramResult failed = type({"daemon-upgrade", "--program", broken, "--limit", "3s"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.output, HasSubstr("exited with 3 before it was ready"));
  EXPECT_THAT(type({"version", "-o", "wide"}).output, HasSubstr("failed: the new daemon exited"));
  const ProgramResult refused = type({"daemon-upgrade", "--program", "/bin/true"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.output, HasSubstr("PROGRAM_UNFIT"));
}

TEST_F(UpgradeTest, NothingIsLeftOpenByManyOfThem) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  const auto upgrade = [this](const std::string& program) {
    EXPECT_TRUE(upgrades().Upgrade(program, absl::Seconds(3)).ok());
    return DescriptorCount(keeper());
  };
  const std::string broken = FitScript("exits", Spoiled("exit") + "exec $real \"$@\"");
  const int before = std::max(upgrade(""), upgrade(broken));
  int after = 0;
  for (int i = 0; i < 6; ++i)
    after = std::max(upgrade(""), upgrade(broken));
  // One that each of them leaves would be a dozen; what is just being closed may be there.
  EXPECT_LE(after, before + 4);
}

TEST_F(UpgradeTest, WhatIsNotFitIsRefusedAndNothingHappens) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  const std::string text = place().Write("bin/text", "not a program\n");
  const std::string text_to_run = place().Write("bin/run", "not a program\n");
  std::filesystem::permissions(text_to_run, std::filesystem::perms::owner_all);
  const struct {
    std::string program;
    std::string why;
  } cases[] = {
      {place().root() + "/bin/none", "cannot be run: No such file or directory"},
      {text, "cannot be run: Permission denied"},
      {text_to_run, "cannot be run: Exec format error"},
      {Script("ends", "echo sorry; exit 5"), "ended with status 5: sorry; this one goes on"},
      {Script("aborts", "kill -ABRT $$"), "was killed by signal 6"},
      {Script("lies", "echo hello"), "is no socketd that can take over: hello"},
      {Script("older", "exec $real --no-such-option"), "ended with status 2"},
      {Script("other", "exec $real --version"), "is no socketd that can take over: socketd 0"},
      {Patched("lacks", "libgrpc++.so", "libnone++.so"),
       "error while loading shared libraries: libnone++"},
      {Script("tries", "exec $real"), "there is nothing to take over yet"},
      {Script("hangs", "exec sleep 1000"), "did not say within 400 ms"},
  };
  const int before = daemon().daemon_pid();
  for (const auto& each : cases) {
    const auto begun = upgrades().Begin(each.program, absl::Milliseconds(400));
    ASSERT_FALSE(begun.ok()) << each.program;
    EXPECT_EQ(begun.status().code(), absl::StatusCode::kFailedPrecondition) << begun.status();
    EXPECT_THAT(std::string(begun.status().message()), HasSubstr(each.why));
    EXPECT_THAT(std::string(begun.status().message()), HasSubstr(each.program));
  }
  EXPECT_EQ(daemon().daemon_pid(), before);
  EXPECT_EQ(upgrades().Server().life(), 1);
  EXPECT_EQ(upgrades().Begin("relative").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(upgrades().Begin("", absl::Hours(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  ExpectService();
}

// Who was found fit, but is not.
struct Broken {
  const char* name;
  std::string text;
  std::string why;
  bool main_process_stays;
};

class BrokenUpgradeTest : public UpgradableTest {
 protected:
  void Expect(const Broken& broken) {
    SCOPED_TRACE(broken.name);
    const int main_process = keeper();
    const int life = upgrades().Server().life();
    const std::string program = FitScript(broken.name, broken.text);
    const auto after = upgrades().Upgrade(program, absl::Seconds(3));
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_FALSE(after->upgrade().done());
    EXPECT_THAT(after->upgrade().error(), HasSubstr(broken.why));
    EXPECT_EQ(after->upgrade().program(), program);
    EXPECT_EQ(after->program(), installed()) << "the old one goes on";
    EXPECT_GT(after->life(), life);
    EXPECT_EQ(keeper() == main_process, broken.main_process_stays);
    if (keeper() != main_process) daemon().Follow(keeper());
    ExpectService();
  }
};

TEST_F(BrokenUpgradeTest, TheOldOneGoesOn) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  Load load(addresses());
  const std::string gone = "ended, or hung, before it kept anything";
  const std::vector<Broken> all = {
      {"ends", "exit 1", gone, false},
      {"aborts", "kill -ABRT $$", gone, false},
      {"hangs", "exec sleep 1000", gone, false},
      {"options", "exec $real \"$@\" --no-such-option", "does not take this command line", true},
      {"alone", "exec $real \"$@\" --no-keeper", "the new program has no keeper", true},
      {"address", absl::StrCat("exec $real \"$@\" --listen unix:", place().units()),
       "exited with 1 before it was ready", true},
      {"exits", Spoiled("exit") + "exec $real \"$@\"", "exited with 3 before it was ready", true},
      {"crashes", Spoiled("abort") + "exec $real \"$@\"", "was killed by signal 6", true},
      {"idles", Spoiled("hang") + "exec $real \"$@\"", "was not ready within 3000 ms", true},
  };
  for (const Broken& broken : all)
    Expect(broken);
  // And then one that is not broken.
  const auto after = upgrades().Upgrade("");
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE(after->upgrade().done()) << after->DebugString();
  EXPECT_EQ(load.End(), 0);
}

TEST_F(UpgradeTest, WithoutAKeeperThereIsNone) {
  DaemonOptions options;
  options.more = {"--no-keeper"};
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  UpgradeClient client(daemon().api_address());
  const absl::Status refused = client.Begin("").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("restart it"));
  EXPECT_EQ(client.After(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(UpgradeTest, OneAtATime) {
  ASSERT_NO_FATAL_FAILURE(BeginInstalled());
  const std::string slow = Script("slow", "exec sleep 1000");
  std::vector<std::string> said(2);
  const auto ask = [&](std::string& answer) {
    UpgradeClient client(daemon().api_address());
    answer = std::string(client.Begin(slow, absl::Seconds(2)).status().message());
  };
  std::thread other(ask, std::ref(said[0]));
  ask(said[1]);
  other.join();
  EXPECT_THAT(said, testing::UnorderedElementsAre(HasSubstr("did not say within 2000 ms"),
                                                  HasSubstr("another upgrade is under way")));
  ExpectService();
}

// It stops in order, in whichever program, and nothing is left.
TEST_F(UpgradeTest, AStopAtAnyMomentIsObeyed) {
  const int seed = Number("UPGRADE_SEED", static_cast<int>(std::random_device()() >> 1));
  std::cout << "UPGRADE_SEED=" << seed << "\n";
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  for (int round = 0; round < 8; ++round) {
    ASSERT_NO_FATAL_FAILURE(BeginInstalled());
    ASSERT_TRUE(upgrades().Begin("").ok());
    const absl::Time at = absl::Now() + absl::Microseconds(random() % 120'000);
    while (absl::Now() < at)
      std::this_thread::yield();
    const absl::StatusOr<int> status = daemon().Stop();
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(*status, 0);
    for (const char* name : {"socketd-keeper", "socketd-heir", "socketd"})
      EXPECT_EQ(daemon().Find(name), 0) << name;
  }
}

// Anybody is killed at any moment of an upgrade.
TEST_F(UpgradeTest, WhoeverIsKilledMeanwhileNothingIsLost) {
  const int rounds = Number("UPGRADE_KILLS", 15);
  const int seed = Number("UPGRADE_SEED", static_cast<int>(std::random_device()() >> 1));
  std::cout << "UPGRADE_SEED=" << seed << " UPGRADE_KILLS=" << rounds << "\n";
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  ASSERT_NO_FATAL_FAILURE(BeginInstalled("warning"));
  Load load(addresses());
  int done = 0;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    Install();
    const char* const names[] = {"socketd-keeper", "socketd-heir", "socketd"};
    const std::string victim = names[random() % 3];
    const absl::Time at = absl::Now() + absl::Microseconds(random() % 200'000);
    std::thread killer([&] {
      while (absl::Now() < at)
        std::this_thread::yield();
      Kill(victim == "socketd" ? daemon().daemon_pid() : daemon().Find(victim));
    });
    const int life = upgrades().Server().life();
    const auto begun = upgrades().Begin("");
    killer.join();
    const auto after = upgrades().After(begun.ok() ? begun->life() : life - 1);
    ASSERT_TRUE(after.ok()) << victim << ": " << after.status();
    if (after->upgrade().done()) ++done;
    load.Await(20);
    if (const int now = keeper(); now != daemon().pid() && now != 0) daemon().Follow(now);
  }
  EXPECT_EQ(load.End(), 0);
  std::cout << done << " of " << rounds << " upgrades were done\n";
  const auto last = upgrades().Upgrade("");
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_TRUE(last->upgrade().done()) << last->DebugString();
  ExpectService();
}

}  // namespace
}  // namespace socketd::real
