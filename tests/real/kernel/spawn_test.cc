// How processes start, run and end on the real kernel.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/client.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SpawnTest : public World {};

TEST_F(SpawnTest, TellsExecThenExitThenEmptyGroup) {
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exit 7"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_GT(child->pid(), 0);
  EXPECT_THAT(Until(Event::Kind::kGroupEmpty),
              ElementsAre(Event::Kind::kExeced, Event::Kind::kExited, Event::Kind::kGroupEmpty));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 7}));
}

// How it ended must not be forgotten before somebody has written down what it means.
TEST_F(SpawnTest, AChildThatHasEndedIsAZombieUntilItIsDropped) {
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exit 7"));
  ASSERT_TRUE(child.ok()) << child.status();
  const std::string stat = absl::StrCat("/proc/", child->pid(), "/stat");
  ASSERT_TRUE(Next(Event::Kind::kGroupEmpty));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 7}));
  EXPECT_THAT(Contents(stat), HasSubstr(") Z "));
  *child = Child();
  EXPECT_NE(access(stat.c_str(), F_OK), 0);
}

TEST_F(SpawnTest, TheExecutorTellsTheSame) {
  context().directories.push_back({Path("made/here"), 0710});
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exit 7"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_THAT(Until(Event::Kind::kGroupEmpty),
              ElementsAre(Event::Kind::kExeced, Event::Kind::kExited, Event::Kind::kGroupEmpty));
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kExited, 7}));
  EXPECT_EQ(access(Path("made/here").c_str(), X_OK), 0);
}

TEST_F(SpawnTest, ASignalReachesTheProcess) {
  const Group group = NewGroup();
  absl::StatusOr<Child> child = kernel().Spawn(Shell(group, "exec sleep 100"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Next(Event::Kind::kExeced));
  EXPECT_EQ(kernel().Signal(*child, SIGTERM, Whom::kProcess).value(), Reached::kSomebody);
  ASSERT_TRUE(Next(Event::Kind::kExited));
  EXPECT_EQ(kernel().Signal(*child, SIGTERM, Whom::kProcess).value(), Reached::kNobody);
  EXPECT_EQ(kernel().ExitOf(*child), (Exit{Exit::How::kSignaled, SIGTERM}));
}

TEST_F(SpawnTest, DescriptorsComeInOrderFromThreeUp) {
  const Group group = NewGroup();
  std::vector<Port> ports;
  SpawnSpec spec = Shell(group,
                         "for i in 3 4 5; do readlink /proc/self/fd/$i; done > $T/fds;"
                         "ls /proc/self/fd | wc -l >> $T/fds; echo $LISTEN_PID $$ >> $T/fds");
  std::string expected;
  for (const char* name : {"c", "a", "b"}) {
    ListenSpec listen;
    listen.address = PathAddress{Path(name)};
    auto port = kernel().Listen(listen);
    ASSERT_TRUE(port.ok()) << port.status();
    EXPECT_GE(port->fd.number(), kHighNumber);
    absl::StrAppend(&expected, "socket:[", InodeOf(port->fd.number()), "]\n");
    ports.push_back(std::move(*port));
  }
  for (const Port& port : ports)
    spec.fds.push_back(&port.fd);
  EXPECT_TRUE(Run(spec).clean());
  const std::string got = Contents(Path("fds"));
  // Three streams, three ports and the folder that ls has open; nothing else leaks in.
  EXPECT_THAT(got, StartsWith(absl::StrCat(expected, "7\n")));
  const std::vector<std::string> pids = absl::StrSplit(
      got.substr(got.rfind('\n', got.size() - 2) + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  ASSERT_EQ(pids.size(), 2U);
  EXPECT_EQ(pids[0], pids[1]);
}

TEST_F(SpawnTest, BothWaysOfCopyingDescriptorsGiveTheSame) {
  const Group group = NewGroup();
  std::vector<Port> many;
  ListenSpec listen;
  listen.address = Ipv4Address{{127, 0, 0, 1}, 0};
  for (int i = 0; i < 150; ++i) {  // more than LinuxKernel copies whole
    auto port = kernel().Listen(listen);
    ASSERT_TRUE(port.ok()) << port.status();
    many.push_back(std::move(*port));
  }
  SpawnSpec spec =
      Shell(group, "readlink /proc/self/fd/3 > $T/fd; ls /proc/self/fd | wc -l > $T/n");
  spec.fds = {&many[77].fd};
  EXPECT_TRUE(Run(spec).clean());
  EXPECT_EQ(Contents(Path("fd")), absl::StrCat("socket:[", InodeOf(many[77].fd.number()), "]\n"));
  EXPECT_EQ(Contents(Path("n")), "5\n");
}

// The child writes its number in place: a word without room for it must not be written to.
TEST_F(SpawnTest, AListenPidOfTheUnitFileGivesWayToOurs) {
  ListenSpec listen;
  listen.address = Ipv4Address{{127, 0, 0, 1}, 0};
  auto port = kernel().Listen(listen);
  ASSERT_TRUE(port.ok()) << port.status();
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "env > $T/env; echo $$ > $T/pid");
  spec.environment.insert(spec.environment.begin(), {"LISTEN_PID=", "LISTEN_PIDFDID=", "A=b"});
  spec.fds = {&port->fd};
  EXPECT_TRUE(Run(spec).clean());
  const std::string env = Contents(Path("env"));
  EXPECT_THAT(env, HasSubstr(absl::StrCat("LISTEN_PID=", Contents(Path("pid")))));
  EXPECT_THAT(env, HasSubstr("A=b\n"));
}

TEST_F(SpawnTest, NonblockingIsSetOrCleared) {
  ListenSpec listen;
  listen.address = Ipv4Address{{127, 0, 0, 1}, 0};
  auto port = kernel().Listen(listen);
  ASSERT_TRUE(port.ok()) << port.status();
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "true");
  spec.fds = {&port->fd};
  EXPECT_TRUE(Run(spec).clean());
  EXPECT_EQ(fcntl(port->fd.number(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_TRUE(absl::IsUnavailable(
      kernel().Accept(port->fd, AcceptFor::kUnit).status()));  // and does not block
  spec.nonblocking = true;
  EXPECT_TRUE(Run(spec).clean());
  EXPECT_NE(fcntl(port->fd.number(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(SpawnTest, WhatAProcessLeftNonblockingIsBlockingForTheNext) {
  ListenSpec listen;
  listen.address = Ipv4Address{{127, 0, 0, 1}, 0};
  auto port = kernel().Listen(listen);
  ASSERT_TRUE(port.ok()) << port.status();
  Client client;
  ASSERT_TRUE(client.Connect(port->bound));
  auto connection = kernel().Accept(port->fd, AcceptFor::kUnit);
  ASSERT_TRUE(connection.ok()) << connection.status();
  context().standard_input.kind = Stdio::Kind::kSocket;
  const Group group = NewGroup();
  for (const Fd* fd : {&connection->fd, &port->fd}) {
    SpawnSpec spec = Shell(group, "true");
    spec.stdio = fd;
    EXPECT_TRUE(Run(spec).clean());
    EXPECT_EQ(fcntl(fd->number(), F_GETFL) & O_NONBLOCK, 0);
    fcntl(fd->number(), F_SETFL, O_NONBLOCK);
    EXPECT_TRUE(Run(spec).clean());
    EXPECT_EQ(fcntl(fd->number(), F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST_F(SpawnTest, TheContextIsObeyed) {
  context().working_directory = "/usr";
  context().umask = 0027;
  context().limits = {{RLIMIT_NOFILE, 50, 60}};
  context().nice = 3;
  context().standard_output = {Stdio::Kind::kTruncate, Path("out")};
  const Group group = NewGroup();
  EXPECT_TRUE(Run(Shell(group, "pwd; umask; ulimit -n; nice")).clean());
  EXPECT_EQ(Contents(Path("out")), "/usr\n0027\n50\n3\n");
}

// What the daemon has already is not set again for each child.
TEST_F(SpawnTest, WhatIsNotSaidIsTheSameWhateverTheDaemonHas) {
  const UniqueFd before(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string executor =
      absl::StrCat("/proc/self/fd/", before.get(), "/server/exec/socketd-exec");
  context().standard_output = {Stdio::Kind::kTruncate, Path("out")};
  for (const auto& [folder, mask] : {std::pair("/", 0022U), std::pair("/tmp", 0077U)}) {
    ASSERT_EQ(chdir(folder), 0);
    const mode_t own = umask(mask);
    auto daemon = LinuxKernel::Open({.executor = executor});
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    auto group = (*daemon)->NewGroup("test.service", kGroupToken);
    ASSERT_TRUE(group.ok()) << group.status();
    auto child = (*daemon)->Spawn(Shell(*group, "pwd; umask"));
    ASSERT_TRUE(child.ok()) << child.status();
    for (bool ended = false; !ended;) {
      for (const Event& event : (*daemon)->Poll((*daemon)->Now() + absl::Seconds(10)))
        ended = ended || event.kind == Event::Kind::kExited;
    }
    EXPECT_EQ(Contents(Path("out")), "/\n0022\n") << folder;
    umask(own);
    ASSERT_EQ(fchdir(before.get()), 0);
  }
}

TEST_F(SpawnTest, AServiceGetsTheDescriptorLimitThatTheDaemonHad) {
  const Group group = NewGroup();
  rlimit own{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &own), 0);
  EXPECT_EQ(own.rlim_cur, own.rlim_max);
  rlimit low = own;
  low.rlim_cur = 123;
  setrlimit(RLIMIT_NOFILE, &low);  // what the daemon does to itself later is not theirs
  EXPECT_TRUE(Run(Shell(group, "ulimit -n > $T/limit")).clean());
  setrlimit(RLIMIT_NOFILE, &own);
  EXPECT_NE(Contents(Path("limit")), "123\n");
}

TEST_F(SpawnTest, FailuresNameTheirStep) {
  const Group group = NewGroup();
  context().working_directory = "/nowhere";
  auto failed = RunFailing(Shell(group, "true"));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "chdir");
  EXPECT_EQ(failed->error, ENOENT);
  EXPECT_EQ(failed->exit_status, 200);

  auto other = std::make_shared<ExecContext>();
  other->standard_output = {Stdio::Kind::kFile, "/nowhere/log"};
  SpawnSpec spec = Shell(group, "true");
  spec.context = other;
  failed = RunFailing(spec);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "stdout");
  EXPECT_EQ(failed->exit_status, 209);
}

TEST_F(SpawnTest, TooMuchEnvironmentFailsAtExec) {
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "true");
  spec.environment.push_back("X=" + std::string(200'000, 'x'));
  const auto failed = RunFailing(spec);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "exec");
  EXPECT_EQ(failed->error, E2BIG);
}

TEST_F(SpawnTest, AnUnknownUserFailsAfterTheLookup) {
  context().user = "nobody-has-this-name";
  const Group group = NewGroup();
  auto child = kernel().Spawn(Shell(group, "true"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->pid(), 0);
  const auto failed = Next(Event::Kind::kSpawnFailed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "user");
  EXPECT_EQ(failed->exit_status, 217);
}

TEST_F(SpawnTest, AChildThatWaitsForItsNamesCanBeCalledOff) {
  context().user = "root";
  const Group group = NewGroup();
  auto child = kernel().Spawn(Shell(group, "true"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(kernel().Signal(*child, SIGKILL, Whom::kProcess).value(), Reached::kSomebody);
  const auto failed = Next(Event::Kind::kSpawnFailed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, "killed");
}

TEST_F(SpawnTest, ManyAtOnceAreAllToldApart) {
  std::vector<Group> groups;
  std::vector<Child> children;
  for (int i = 0; i < 200; ++i) {
    groups.push_back(NewGroup());
    SpawnSpec spec = Shell(groups.back(), absl::StrCat("exit ", i % 100));
    spec.token = static_cast<Token>(100 + i);
    auto child = kernel().Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    children.push_back(std::move(*child));
  }
  const Instant deadline = kernel().Now() + absl::Seconds(30);
  int ended = 0;
  while (ended < 200 && kernel().Now() < deadline) {
    for (const Event& event : kernel().Poll(deadline)) {
      if (event.kind != Event::Kind::kExited) continue;
      const int i = static_cast<int>(event.token) - 100;
      EXPECT_EQ(kernel().ExitOf(children[i]), (Exit{Exit::How::kExited, i % 100}));
      ++ended;
    }
  }
  EXPECT_EQ(ended, 200);
}

class SpawnAsRootTest : public SpawnTest {
 protected:
  void SetUp() override {
    if (!IsRoot()) GTEST_SKIP() << "needs root";
  }
};

TEST_F(SpawnAsRootTest, AUserGetsGroupsAndHome) {
  context().user = "daemon";
  context().supplementary_groups = {"games"};
  context().working_directory = "~";
  context().directories = {{Path("state"), 0700}};
  ASSERT_EQ(chmod(folder().c_str(), 0777), 0);
  const Group group = NewGroup();
  EXPECT_TRUE(Run(Shell(group, "(id -un; id -gn; id -Gn; pwd; echo $HOME $USER $LOGNAME) > $T/id"))
                  .clean());
  EXPECT_EQ(Contents(Path("id")),
            "daemon\ndaemon\ndaemon games\n/usr/sbin\n/usr/sbin daemon daemon\n");
  struct stat status{};
  ASSERT_EQ(stat(Path("state").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1U);
  // The second time the names are known: no waiting.
  auto child = kernel().Spawn(Shell(group, "exit 3"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_GT(child->pid(), 0);
  ASSERT_TRUE(Next(Event::Kind::kExited));
}

TEST_F(SpawnAsRootTest, FullPrivilegesKeepRoot) {
  context().user = "daemon";
  context().no_new_privileges = true;
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "test $(id -u) = 0 && grep -q 'NoNewPrivs:.0' /proc/$$/status");
  spec.full_privileges = true;
  EXPECT_TRUE(Run(spec).clean());
}

// The flag belongs to memory that a child shares with us: an identity change in there would clear
// it, and with it the daemon's core dumps and its own /proc.
TEST_F(SpawnAsRootTest, TheDaemonStaysDumpable) {
  ASSERT_EQ(prctl(PR_GET_DUMPABLE), 1);
  context().user = "daemon";
  context().oom_score_adjust = 100;
  const std::string before = Contents("/proc/self/oom_score_adj");
  const Group group = NewGroup();
  EXPECT_TRUE(Run(Shell(group, "test $(cat /proc/self/oom_score_adj) = 100")).clean());
  EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
  EXPECT_EQ(Contents("/proc/self/oom_score_adj"), before);
}

}  // namespace
}  // namespace socketd
