// Groups: what they hold, when they are empty, how they are used again, and what is left where no
// control group can be made.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

class GroupTest : public World {
 protected:
  void SetUp() override {
    if (!Has("control-groups")) GTEST_SKIP() << "no control groups here";
    for (const Capability& one : kernel().Capabilities())
      if (one.name == "control-groups") base_ = one.detail;
  }

  // The folder of the group that a process of ours is in.
  std::string FolderOf(const Group& group) const {
    for (const auto& entry : std::filesystem::directory_iterator(base_)) {
      struct stat status{};
      if (stat(entry.path().c_str(), &status) == 0 &&
          status.st_ino == static_cast<uint64_t>(group.id()))
        return entry.path();
    }
    return "";
  }
  void Write(const std::string& path, absl::string_view text) const {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size())) << path;
    close(file);
  }
  const std::string& base() const { return base_; }

 private:
  std::string base_;
};

// With control groups or without.
class AnyGroupTest : public World {};

TEST_F(AnyGroupTest, AGroupIsKilledWithAllThatFledFromItsSession) {
  const Group group = NewGroup();
  const std::string line =
      "setsid sh -c 'trap \"\" TERM; touch $T/up; while :; do sleep 100; done' & exit 0";
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, line));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_TRUE(kernel().Populated(group));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  EXPECT_FALSE(kernel().Populated(group));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kNobody);
}

TEST_F(GroupTest, TheDaemonIsInAFreshLeafOfItsOwn) {
  EXPECT_THAT(Contents("/proc/self/cgroup"),
              ::testing::HasSubstr(absl::StrCat("socketd-", getpid())));
  EXPECT_TRUE(Has("clone-into-cgroup"));
}

TEST_F(GroupTest, ADaemonThatLeavesTakesItsFoldersAlong) {
  std::string folder;
  {
    auto other = LinuxKernel::Open({.executor = "server/exec/socketd-exec"});
    ASSERT_TRUE(other.ok()) << other.status();
    for (const Capability& one : (*other)->Capabilities())
      if (one.name == "control-groups") folder = one.detail;
    for (int i = 0; i < 2; ++i) {
      auto group = (*other)->NewGroup("left.service", kGroupToken);
      ASSERT_TRUE(group.ok()) << group.status();
    }
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  EXPECT_FALSE(std::filesystem::exists(folder)) << folder;
}

TEST_F(GroupTest, AnEmptiedGroupIsUsedAgain) {
  GroupId first{};
  {
    const Group group = NewGroup();
    first = group.id();
    EXPECT_TRUE(Run(Shell(group, "true")).clean());
  }
  const Group again = NewGroup();
  EXPECT_EQ(again.id(), first);
  EXPECT_TRUE(Run(Shell(again, "true")).clean());
}

// Linux kills at birth whatever is cloned into a group that cgroup.kill was written to.
TEST_F(GroupTest, AKilledGroupIsNeverUsedAgain) {
  GroupId first{};
  {
    const Group group = NewGroup();
    first = group.id();
    auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
    ASSERT_TRUE(child.ok()) << child.status();
    EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kSomebody);
    ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  }
  const Group next = NewGroup();
  EXPECT_NE(next.id(), first);
  EXPECT_TRUE(Run(Shell(next, "true")).clean());
}

TEST_F(GroupTest, TheNextCommandOfAKilledGroupMovesItself) {
  const Group group = NewGroup();
  auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  Write(FolderOf(group) + "/cgroup.kill", "1");  // somebody else, not this kernel
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_TRUE(Run(Shell(group, "cat /proc/self/cgroup > $T/cgroup")).clean());
  EXPECT_THAT(Contents(Path("cgroup")),
              ::testing::HasSubstr(std::filesystem::path(FolderOf(group)).filename().string()));
}

// A clone that waits for the child's exec would hang here until the group is thawed.
TEST_F(GroupTest, AFrozenGroupDoesNotHoldTheLoop) {
  const Group group = NewGroup();
  auto holder = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(holder.ok()) << holder.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  Write(FolderOf(group) + "/cgroup.freeze", "1");
  const Instant before = kernel().Now();
  SpawnSpec spec = Shell(group, "exit 5");
  spec.token = static_cast<Token>(77);
  auto child = kernel().Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_TRUE(kernel().Poll(kernel().Now() + absl::Milliseconds(100)).empty());
  EXPECT_LT(kernel().Now() - before, absl::Seconds(2));
  Write(FolderOf(group) + "/cgroup.freeze", "0");
  const auto ended = Next(Event::Kind::kExited);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->token, static_cast<Token>(77));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 5}));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
}

TEST_F(GroupTest, SubGroupsOfAServiceAreSignalledAndRemoved) {
  std::string folder;
  {
    const Group group = NewGroup();
    folder = FolderOf(group);
    const std::string line = absl::StrCat(
        "trap 'exit 0' TERM; mkdir -p ", folder, "/a/b; (echo 0 > ", folder,
        "/a/b/cgroup.procs; exec sleep 100) & touch $T/up; while :; do sleep 0.01; done");
    auto child = kernel().Spawn(Shell(group, line));
    ASSERT_TRUE(child.ok()) << child.status();
    while (access(Path("up").c_str(), F_OK) != 0 || Contents(folder + "/a/b/cgroup.procs").empty())
      kernel().Poll(kernel().Now() + absl::Milliseconds(5));
    EXPECT_EQ(kernel().SignalGroup(group, SIGTERM).value(), Reached::kSomebody);
    ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(GroupTest, AForkBombIsKilledWhole) {
  const Group group = NewGroup();
  const std::string line = "b() { setsid sleep 50 & sleep 0.01; b & b & }; b; sleep 50";
  SpawnSpec spec = Shell(group, line);
  context().limits = {{6 /* RLIMIT_NPROC */, 20000, 20000}};
  auto child = kernel().Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  kernel().Poll(kernel().Now() + absl::Milliseconds(150));
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  EXPECT_FALSE(kernel().Populated(group));
}

// As it is done where a pidfd does not tell (before Linux 6.13).
TEST_F(GroupTest, TheGroupOfALivingProcessIsFoundByItsNumber) {
  auto poller = Poller::Open();
  ASSERT_TRUE(poller.ok()) << poller.status();
  Cgroups groups(**poller, {base(), ""});
  auto made = groups.Make("by-number.service", kGroupToken);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(groups.GroupOf(getpid()), GroupId::kNone);
  const Group other = NewGroup();
  auto child = kernel().Spawn(Shell(other, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  EXPECT_EQ(groups.GroupOf(child->pid()), GroupId::kNone);
  const UniqueFd procs = groups.OpenProcs(made->handle);
  const std::string pid = absl::StrCat(child->pid());
  ASSERT_EQ(write(procs.get(), pid.data(), pid.size()), static_cast<ssize_t>(pid.size()));
  EXPECT_EQ(groups.GroupOf(child->pid()), made->id);
  groups.AddMember(made->handle, child->pid());  // as whoever starts a process in a group does
  EXPECT_EQ(groups.Signal(made->handle, SIGKILL), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kExited));
}

TEST_F(GroupTest, AFolderOfTheSameNameElsewhereIsNoneOfOurs) {
  auto poller = Poller::Open();
  ASSERT_TRUE(poller.ok()) << poller.status();
  Cgroups groups(**poller, {base(), ""});
  auto made = groups.Make("mine.service", kGroupToken);
  ASSERT_TRUE(made.ok()) << made.status();
  // Where somebody else may make it: below a folder of his.
  const std::string his = base().substr(0, base().rfind('/')) + "/decoy";
  const std::string ours = std::filesystem::path(base()).filename();
  const std::string name =
      std::filesystem::path(FolderOf(Group(kernel(), {}, made->id))).filename();
  const std::string decoy = absl::StrCat(his, "/", ours, "/", name);
  ASSERT_TRUE(std::filesystem::create_directories(decoy));
  const Group other = NewGroup();
  auto child = kernel().Spawn(Shell(other, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  Write(decoy + "/cgroup.procs", absl::StrCat(child->pid()));
  EXPECT_EQ(groups.GroupOf(child->pid()), GroupId::kNone);
  EXPECT_EQ(kernel().Signal(*child, SIGKILL, Whom::kProcess).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  for (std::string path = decoy; path.size() >= his.size(); path.resize(path.rfind('/')))
    rmdir(path.c_str());
}

TEST_F(GroupTest, TwoDaemonsSideBySideDoNotMeet) {
  auto other = LinuxKernel::Open({.executor = "server/exec/socketd-exec"});
  ASSERT_TRUE(other.ok()) << other.status();
  const Group mine = NewGroup();
  auto theirs = (*other)->NewGroup("test.service", kGroupToken);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  EXPECT_NE(mine.id(), theirs->id());
  auto child = kernel().Spawn(Shell(mine, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_FALSE((*other)->Populated(*theirs));
  EXPECT_TRUE(kernel().Populated(mine));
  EXPECT_EQ(kernel().SignalGroup(mine, SIGKILL).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
}

TEST_F(GroupTest, AnOrphanIsAdoptedAndItsEndIsKnown) {
  const Group group = NewGroup();
  auto starter = kernel().Spawn(
      Shell(group,
            "(trap 'exit 42' TERM; touch $T/up; while :; do sleep 0.01; done) & echo $! > $T/pid"));
  ASSERT_TRUE(starter.ok()) << starter.status();
  ASSERT_TRUE(Next(Event::Kind::kExited));
  while (access(Path("up").c_str(), F_OK) != 0)
    kernel().Poll(kernel().Now() + absl::Milliseconds(5));
  auto main = kernel().Adopt(std::stoi(Contents(Path("pid"))), group, static_cast<Token>(9));
  ASSERT_TRUE(main.ok()) << main.status();
  EXPECT_EQ(kernel().Signal(*main, SIGTERM, Whom::kProcess).value(), Reached::kSomebody);
  const auto ended = Next(Event::Kind::kExited);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->token, static_cast<Token>(9));
  EXPECT_EQ(kernel().ExitOf(*main), (Exit{Exit::How::kExited, 42}));
}

// Its parent is no process of ours, and takes its time.
TEST_F(GroupTest, HowAnAdoptedProcessEndedIsKnownWhenItsParentHasWaitedForIt) {
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "");
  spec.program = "/usr/bin/perl";
  spec.argv = {"perl", "-e",
               "if (($p = fork) == 0) { $SIG{TERM} = sub { exit 42 }; open F, '>', \"$ENV{T}/up\";"
               "sleep 100 } open F, '>', \"$ENV{T}/pid\"; print F $p; close F;"
               "select undef, undef, undef, 0.01 until -e \"$ENV{T}/reap\"; wait; sleep 100"};
  auto parent = kernel().Spawn(spec);
  ASSERT_TRUE(parent.ok()) << parent.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));  // told late, as nobody waits for it
  while (access(Path("up").c_str(), F_OK) != 0 || Contents(Path("pid")).empty())
    kernel().Poll(kernel().Now() + absl::Milliseconds(5));
  auto main = kernel().Adopt(std::stoi(Contents(Path("pid"))), group, static_cast<Token>(9));
  ASSERT_TRUE(main.ok()) << main.status();
  EXPECT_EQ(kernel().Signal(*main, SIGTERM, Whom::kProcess).value(), Reached::kSomebody);
  EXPECT_TRUE(kernel().Poll(kernel().Now() + absl::Milliseconds(50)).empty());
  close(open(Path("reap").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const auto ended = Next(Event::Kind::kExited);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->token, static_cast<Token>(9));
  EXPECT_EQ(kernel().ExitOf(*main), (Exit{Exit::How::kExited, 42}));
}

TEST_F(GroupTest, AMainProcessThatChangesAgainAndAgainCostsNothing) {
  const Group group = NewGroup();
  auto starter = kernel().Spawn(
      Shell(group, "sleep 100 & echo $! > $T/a; sleep 100 & echo $! > $T/b; exec sleep 100"));
  ASSERT_TRUE(starter.ok()) << starter.status();
  while (Contents(Path("b")).empty())
    kernel().Poll(kernel().Now() + absl::Milliseconds(5));
  const int a = std::stoi(Contents(Path("a")));
  const int b = std::stoi(Contents(Path("b")));
  Child main;
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  for (int turn = 0; turn < 2000; ++turn) {
    auto next = kernel().Adopt(turn % 2 == 0 ? a : b, group, static_cast<Token>(9));
    ASSERT_TRUE(next.ok()) << next.status();
    main = std::move(*next);
  }
  EXPECT_EQ(descriptors(), before + 1);
  // Back to the one that is our own child: it is told to whoever has it now.
  const int own = starter->pid();
  *starter = Child();
  auto again = kernel().Adopt(own, group, static_cast<Token>(10));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(kernel().SignalGroup(group, SIGKILL).value(), Reached::kSomebody);
  const auto ended = Next(Event::Kind::kGroupEmpty);
  EXPECT_TRUE(ended);
  EXPECT_EQ(kernel().ExitOf(*again), (Exit{Exit::How::kSignaled, SIGKILL}));
}

TEST_F(GroupTest, ManyOrphansAreReapedInOneGo) {
  const auto children = [] {
    const std::string list = Contents(absl::StrCat("/proc/self/task/", getpid(), "/children"));
    return std::count(list.begin(), list.end(), ' ');
  };
  const auto before = children();
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "");
  spec.program = "/usr/bin/perl";
  spec.argv = {"perl", "-e", "for (1..6000) { defined($p = fork) or last; exit 0 unless $p }"};
  auto parent = kernel().Spawn(spec);
  ASSERT_TRUE(parent.ok()) << parent.status();
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  // As long as somebody holds it, it stays, and hides who came after it.
  *parent = Child();
  const auto most = children();
  EXPECT_GT(most, 5000);
  const Instant deadline = kernel().Now() + absl::Seconds(10);
  while (children() == most && kernel().Now() < deadline)
    kernel().Poll(kernel().Now() + absl::Milliseconds(20));
  kernel().Poll(kernel().Now() + absl::Milliseconds(300));
  EXPECT_LE(children(), before);
}

TEST_F(GroupTest, OrphansOfServicesDoNotStayZombies) {
  const Group group = NewGroup();
  EXPECT_TRUE(Run(Shell(group, "(sleep 0.05; exit 1) & echo $! > $T/pid")).clean());
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  const std::string stat = absl::StrCat("/proc/", std::stoi(Contents(Path("pid"))));
  const Instant deadline = kernel().Now() + absl::Seconds(5);
  while (std::filesystem::exists(stat) && kernel().Now() < deadline)
    kernel().Poll(kernel().Now() + absl::Milliseconds(20));
  EXPECT_FALSE(std::filesystem::exists(stat));
}

}  // namespace
}  // namespace socketd
