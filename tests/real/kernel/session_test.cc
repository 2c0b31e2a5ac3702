// Sessions: who gets one, and groups where no control group can be made: what shares a session.
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/linux_kernel.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

class OwnSessionTest : public World {
 protected:
  // Process id, process group and session of a shell, as proc(5) has them.
  std::vector<std::string> Ids(const Group& group, bool own_session) {
    SpawnSpec spec = Shell(group, "echo $$ $(cut -d' ' -f5,6 /proc/$$/stat) > $T/ids");
    spec.own_session = own_session;
    EXPECT_TRUE(Run(spec).clean());
    return absl::StrSplit(Contents(Path("ids")), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  }
};

TEST_F(OwnSessionTest, AProcessHasASessionOrOnlyAProcessGroupOfItsOwn) {
  const UniqueFd terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal || !Has("control-groups")) GTEST_SKIP() << "each process gets a session here";
  const Group group = NewGroup();
  for (const bool own : {true, false}) {
    const std::vector<std::string> ids = Ids(group, own);
    ASSERT_EQ(ids.size(), 3U);
    EXPECT_EQ(ids[1], ids[0]);
    EXPECT_EQ(ids[2], own ? ids[0] : absl::StrCat(getsid(0)));
  }
}

TEST_F(OwnSessionTest, ATerminalComesWithASession) {
  const UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal || grantpt(terminal.get()) != 0 || unlockpt(terminal.get()) != 0)
    GTEST_SKIP() << "no pseudo-terminals here";
  context().standard_input.kind = Stdio::Kind::kTty;
  context().tty_path = ptsname(terminal.get());
  const Group group = NewGroup();
  const std::vector<std::string> ids = Ids(group, false);
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[2], ids[0]);
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    auto kernel =
        LinuxKernel::Open({.executor = "server/exec/socketd-exec", .control_groups = false});
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    kernel_ = std::move(*kernel);
  }
  SpawnSpec Shell(const Group& group, const char* line) const {
    SpawnSpec spec;
    spec.token = static_cast<Token>(1);
    spec.group = &group;
    spec.context = std::make_shared<ExecContext>();
    spec.program = "/bin/sh";
    spec.argv = {"sh", "-c", line};
    spec.environment = {"PATH=/usr/bin:/bin"};
    return spec;
  }
  bool Await(Event::Kind kind) {
    const Instant deadline = kernel_->Now() + absl::Seconds(10);
    while (kernel_->Now() < deadline) {
      for (const Event& event : kernel_->Poll(deadline))
        if (event.kind == kind) return true;
    }
    return false;
  }
  std::unique_ptr<LinuxKernel> kernel_;
};

TEST_F(SessionTest, SaysThatItHasNoControlGroups) {
  bool said = false;
  for (const Capability& one : kernel_->Capabilities())
    said = said || (one.name == "control-groups" && !one.available && !one.detail.empty());
  EXPECT_TRUE(said);
}

TEST_F(SessionTest, AGroupIsWhatSharesTheSession) {
  auto group = kernel_->NewGroup("a.service", static_cast<Token>(2));
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_NE(group->id(), GroupId::kNone);
  auto child = kernel_->Spawn(Shell(*group, "sleep 100 & exit 0"));
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(Await(Event::Kind::kExited));
  EXPECT_TRUE(kernel_->Populated(*group));
  EXPECT_EQ(kernel_->SignalGroup(*group, SIGTERM).value(), Reached::kSomebody);
  EXPECT_TRUE(Await(Event::Kind::kGroupEmpty));
  EXPECT_FALSE(kernel_->Populated(*group));
}

int PidOf(int pidfd) {
  PidfdInfo info;
  info.mask = PidfdInfo::kPid;
  return PidfdAsk(pidfd, info) ? static_cast<int>(info.pid) : 0;
}

// A process that leads a session, with this number if it is not 0. Its pidfd.
UniqueFd StartLeader(pid_t number) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (number != 0) {
    arguments.set_tid = reinterpret_cast<uint64_t>(&number);
    arguments.set_tid_size = 1;
  }
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
  if (pid == 0) {
    setsid();
    for (;;)
      pause();
  }
  while (pid > 0 && getsid(pid) != pid)
    std::this_thread::yield();
  return UniqueFd(pid > 0 ? pidfd : -1);
}

void EndLeader(const UniqueFd& pidfd) {
  PidfdSignal(pidfd.get(), SIGKILL, 0);
  waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), nullptr, WEXITED);
}

// Process numbers are used again: what had one that was ours is not ours.
TEST_F(SessionTest, ANumberThatIsSomebodyElsesNowIsNotOfTheGroup) {
  if (PidOf(UniqueFd(PidfdOpen(getpid())).get()) == 0) GTEST_SKIP() << "no pidfd information";
  auto poller = Poller::Open();
  ASSERT_TRUE(poller.ok()) << poller.status();
  Cgroups groups(**poller, {"", "not wanted"});
  auto made = groups.Make("a.service", static_cast<Token>(2));
  ASSERT_TRUE(made.ok()) << made.status();
  const UniqueFd first = StartLeader(0);
  ASSERT_TRUE(first);
  const int number = PidOf(first.get());
  groups.AddMember(made->handle, getpid());
  groups.AddMember(made->handle, number);
  EXPECT_TRUE(groups.Contains(made->handle, number, first.get()));
  EndLeader(first);
  std::vector<Event> events;
  groups.RemoveMember(made->handle, {number, true}, events);
  const UniqueFd again = StartLeader(number);
  if (!again) GTEST_SKIP() << "no right to choose a process number";
  EXPECT_EQ(PidOf(again.get()), number);
  EXPECT_FALSE(groups.Contains(made->handle, number, again.get()));
  EndLeader(again);
}

}  // namespace
}  // namespace socketd
