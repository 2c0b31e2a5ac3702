// Children on their way to exec: what they were lent, and how they are stopped.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/client.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

class NewbornTest : public World {
 protected:
  void SetUp() override {
    if (!IsRoot() || !Has("control-groups")) GTEST_SKIP() << "needs root and control groups";
    for (const Capability& one : kernel().Capabilities())
      if (one.name == "control-groups") base_ = one.detail;
  }

  // So many that children share the table of descriptors at first.
  std::vector<Port> Crowd() {
    std::vector<Port> many;
    ListenSpec listen;
    listen.address = Ipv4Address{{127, 0, 0, 1}, 0};
    for (int i = 0; i < 120; ++i)
      many.push_back(std::move(*kernel().Listen(listen)));
    return many;
  }

  // The connection of `client`, which will be the standard streams of what is started next.
  absl::StatusOr<Connection> Connect(Client& client, const Port& port) {
    EXPECT_TRUE(client.Connect(port.bound));
    context().standard_input.kind = Stdio::Kind::kSocket;
    context().standard_output.kind = Stdio::Kind::kInherit;
    return kernel().Accept(port.fd, AcceptFor::kUnit);
  }

  // A child in a frozen group stays where it is before its first instruction.
  void Freeze(const Group& group, bool frozen) const {
    for (const auto& entry : std::filesystem::directory_iterator(base_)) {
      struct stat status{};
      if (stat(entry.path().c_str(), &status) != 0 ||
          status.st_ino != static_cast<uint64_t>(group.id()))
        continue;
      const UniqueFd file(open((entry.path() / "cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
      EXPECT_EQ(write(file.get(), frozen ? "1" : "0", 1), 1);
    }
  }

 private:
  std::string base_;
};

TEST_F(NewbornTest, WhatWasLentToAChildThatWaitsForItsNamesReachesIt) {
  const std::vector<Port> many = Crowd();
  context().user = "daemon";
  ASSERT_EQ(chmod(folder().c_str(), 0777), 0);
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "readlink /proc/self/fd/3 /proc/self/fd/4 > $T/fds");
  spec.fds = {&many[7].fd, &many[77].fd};
  Freeze(group, true);
  auto child = kernel().Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  const Instant deadline = kernel().Now() + absl::Seconds(10);
  while (child->pid() == 0 && kernel().Now() < deadline)
    kernel().Poll(kernel().Now() + absl::Milliseconds(5));
  Freeze(group, false);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_TRUE(kernel().ExitOf(*child).clean());
  EXPECT_EQ(Contents(Path("fds")),
            absl::StrCat("socket:[", InodeOf(many[7].fd.number()), "]\nsocket:[",
                         InodeOf(many[77].fd.number()), "]\n"));
}

TEST_F(NewbornTest, AConnectionThatTheDaemonClosesAtOnceStillReachesTheService) {
  const std::vector<Port> many = Crowd();
  Client client;
  auto connection = Connect(client, many[0]);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "echo hello");
  spec.stdio = &connection->fd;
  auto child = kernel().Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  connection->fd = Fd();
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_EQ(client.ReadAll(), "hello\n");
}

TEST_F(NewbornTest, WhatWasLentToTwoIsThereForTheLaterOneToo) {
  const std::vector<Port> many = Crowd();
  Client client;
  auto connection = Connect(client, many[0]);
  ASSERT_TRUE(connection.ok()) << connection.status();
  std::vector<Group> groups;
  std::vector<Child> children;
  for (const char* line : {"echo first", "echo second"}) {
    groups.push_back(NewGroup());
    Freeze(groups.back(), true);
    SpawnSpec spec = Shell(groups.back(), line);
    spec.stdio = &connection->fd;
    auto child = kernel().Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    children.push_back(std::move(*child));
  }
  connection->fd = Fd();
  Freeze(groups[0], false);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  Freeze(groups[1], false);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_EQ(client.ReadAll(), "first\nsecond\n");
}

TEST_F(NewbornTest, AGroupSignalCallsOffWhatWaitsForItsNames) {
  context().user = "root";
  const Group group = NewGroup();
  auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_EQ(child->pid(), 0);
  EXPECT_EQ(kernel().SignalGroup(group, SIGTERM).value(), Reached::kSomebody);
  const auto failed = Next(Event::Kind::kSpawnFailed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "killed");
}

TEST_F(NewbornTest, ASignalToItsProcessGroupReachesAChildThatHasNoneYet) {
  const Group group = NewGroup();
  Freeze(group, true);
  auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(kernel().Signal(*child, SIGKILL, Whom::kProcessGroup).value(), Reached::kSomebody);
  EXPECT_TRUE(Next(Event::Kind::kSpawnFailed));
}

// Its memory is ours: there must be no core dump of it.
TEST_F(NewbornTest, ASignalThatDumpsCoreKillsAChildThatIsInOurMemory) {
  const Group group = NewGroup();
  Freeze(group, true);
  auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  // Frozen, it would keep anything else for later.
  EXPECT_EQ(kernel().SignalGroup(group, SIGABRT).value(), Reached::kSomebody);
  EXPECT_TRUE(Next(Event::Kind::kSpawnFailed));
}

TEST_F(NewbornTest, AGroupIsKilledWhenThereIsNoDescriptorLeft) {
  const Group group = NewGroup();
  auto child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit tight = limit;
  tight.rlim_cur = kHighNumber + 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<UniqueFd> fill;
  for (fill.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC)); fill.back();)
    fill.emplace_back(fcntl(fill.front().get(), F_DUPFD_CLOEXEC, 0));
  const auto reached = kernel().SignalGroup(group, SIGKILL);
  fill.clear();
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(reached.value(), Reached::kSomebody);
  EXPECT_TRUE(Next(Event::Kind::kGroupEmpty));
}

TEST_F(NewbornTest, AProcessIsReachedBeforeItHasItsProcessGroup) {
  constexpr int kTimes = 200;  // how far it has come when it is signalled is up to the scheduler
  for (int i = 0; i < kTimes; ++i) {
    const Group group = NewGroup();
    SpawnSpec spec = Shell(group, "sleep 100");
    spec.own_session = i % 2 == 0;
    absl::StatusOr<Child> child = kernel().Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    ASSERT_EQ(kernel().Signal(*child, SIGKILL, Whom::kProcessGroup).value(), Reached::kSomebody);
    ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  }
}

}  // namespace
}  // namespace socketd
