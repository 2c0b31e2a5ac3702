// What strangers have sent to stay, of every kind, is found by the next daemon; it is taken neither
// for a port nor for a connection of ours.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/linux_abi.h"
#include "tests/real/kernel/client.h"
#include "tests/real/kernel/estate_world.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOk;

class KeptTest : public EstateTest {
 protected:
  KeptTest() : notify_(Listen(AtPath("notify", ListenType::kDatagram))) {}

  // What comes of sending that.
  std::vector<Fd> Sent(const std::vector<int>& numbers) {
    EXPECT_TRUE(Client().SendTo(Path("notify"), "FDSTORE=1", numbers));
    absl::StatusOr<Packet> packet = daemon().Receive(notify_.fd);
    EXPECT_THAT(packet, IsOk());
    return packet.ok() ? std::move(packet->fds) : std::vector<Fd>();
  }
  KeptId KeepAndAbandon(Fd fd) {
    const absl::StatusOr<Kept> kept = daemon().Keep(fd);
    EXPECT_THAT(kept, IsOk());
    Abandon(std::move(fd));
    return kept.ok() ? kept->id : KeptId::kNone;
  }
  // The daemon is gone, but for the socket that these came by.
  void DieToo() {
    Abandon(std::move(notify_));
    Die();
  }

 private:
  Port notify_;
};

bool Same(int left, int right) {
  return syscall(SYS_kcmp, getpid(), getpid(), 0 /* KCMP_FILE */, left, right) == 0;
}

struct Row {
  int number;
  FileKind kind;
};

// One of each kind, two of what is only alike.
std::vector<Row> OneOfEach() {
  std::array<int, 2> pair{};
  std::array<int, 2> pipe{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  EXPECT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
  return {
      {memfd_create("counter", MFD_CLOEXEC), FileKind::kMemory},
      {eventfd(0, EFD_CLOEXEC), FileKind::kEvent},
      {eventfd(0, EFD_CLOEXEC), FileKind::kEvent},
      {timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), FileKind::kTimer},
      {epoll_create1(EPOLL_CLOEXEC), FileKind::kPoll},
      {PidfdOpen(getpid()), FileKind::kProcess},
      {open("/dev/null", O_RDWR | O_CLOEXEC), FileKind::kDevice},
      {open("/etc/passwd", O_RDONLY | O_CLOEXEC), FileKind::kFile},
      {open("/etc/passwd", O_RDONLY | O_CLOEXEC), FileKind::kFile},
      {open("/", O_PATH | O_CLOEXEC), FileKind::kFolder},
      {pair[0], FileKind::kSocket},
      {pair[1], FileKind::kSocket},
      {pipe[0], FileKind::kPipe},
      {pipe[1], FileKind::kPipe},
  };
}

TEST_F(KeptTest, EveryKindIsFoundByTheNextDaemon) {
  const std::vector<Row> rows = OneOfEach();
  std::vector<int> numbers;
  for (const Row& row : rows) {
    ASSERT_GE(row.number, 0);
    numbers.push_back(Ours(row.number));
  }
  std::vector<Fd> fds = Sent(numbers);
  ASSERT_EQ(fds.size(), rows.size());
  std::vector<KeptId> ids;
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(daemon().Keep(fds[i])->kind, rows[i].kind) << NameOf(rows[i].kind);
    ids.push_back(KeepAndAbandon(std::move(fds[i])));
  }
  DieToo();
  std::vector<Fd> taken;
  for (size_t i = 0; i < rows.size(); ++i) {
    absl::StatusOr<Fd> found = daemon().TakeOver(ids[i]);
    ASSERT_THAT(found, IsOk()) << i;
    EXPECT_TRUE(Same(found->number(), rows[i].number)) << i;
    EXPECT_THAT(daemon().TakeOver(ids[i]), FailsBecause("NOT_LEFT"));
    taken.push_back(*std::move(found));
  }
  daemon().EndTakeOver();
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(Same(taken[i].number(), rows[i].number)) << i;
    close(rows[i].number);
  }
}

TEST_F(KeptTest, AfterTwoDeathsToo) {
  const UniqueFd event(Ours(eventfd(0, EFD_CLOEXEC)));
  KeptId id = KeepAndAbandon(std::move(Sent({event.get()}).at(0)));
  DieToo();
  absl::StatusOr<Fd> taken = daemon().TakeOver(id);
  ASSERT_THAT(taken, IsOk());
  daemon().EndTakeOver();
  id = KeepAndAbandon(*std::move(taken));
  Die();
  ASSERT_THAT(daemon().TakeOver(id), IsOk());
}

TEST_F(KeptTest, WhatNobodyAsksForIsClosedAndItsNumberIsNobodys) {
  const UniqueFd event(Ours(eventfd(0, EFD_CLOEXEC)));
  Fd fd = std::move(Sent({event.get()}).at(0));
  const int number = fd.number();
  const KeptId id = KeepAndAbandon(std::move(fd));
  DieToo();
  daemon().EndTakeOver();
  // By a thread of its own.
  while (fcntl(number, F_GETFD) >= 0 && Same(number, event.get()))
    daemon().Poll(daemon().Now() + absl::Milliseconds(1));
  Die();
  EXPECT_THAT(daemon().TakeOver(id), FailsBecause("NOT_LEFT"));
}

TEST_F(KeptTest, AConnectionOfAPortOfOursIsNotOneThatWasJustAccepted) {
  Port port = Listen(Tcp());
  const ListenSpec spec = TcpOf(port);
  Client first;
  Client second;
  ASSERT_TRUE(first.Connect(spec.address));
  ASSERT_TRUE(second.Connect(spec.address));
  absl::StatusOr<Connection> theirs = daemon().Accept(port.fd, AcceptFor::kUnit);
  absl::StatusOr<Connection> ours = daemon().Accept(port.fd, AcceptFor::kUnit);
  ASSERT_THAT(theirs, IsOk());
  ASSERT_THAT(ours, IsOk());
  const uint64_t cookie = ours->cookie;
  const KeptId id = KeepAndAbandon(std::move(Sent({theirs->fd.number()}).at(0)));
  theirs->fd = Fd();  // the service has it
  Abandon(std::move(ours->fd));
  Abandon(std::move(port.fd));
  DieToo();
  const Port again = Listen(spec);
  const std::vector<Connection> left = daemon().TakeConnections(again);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].cookie, cookie);
  EXPECT_THAT(daemon().TakeOver(id), IsOk());
}

TEST_F(KeptTest, AListenerThatAServiceHasSentIsNoPort) {
  Port port = Listen(Tcp());
  const ListenSpec spec = TcpOf(port);
  const FileId before = daemon().IdOf(port.fd);
  const KeptId id = KeepAndAbandon(std::move(Sent({port.fd.number()}).at(0)));
  Abandon(std::move(port.fd));
  DieToo();
  absl::StatusOr<Fd> theirs = daemon().TakeOver(id);
  ASSERT_THAT(theirs, IsOk());
  const Port ours = Listen(spec);
  EXPECT_EQ(daemon().IdOf(ours.fd), before);
  EXPECT_NE(ours.fd.number(), theirs->number());
}

// Of each packet a daemon that is killed has seen a copy; the next one sees it anew.
TEST_F(KeptTest, WhatWasOnlyLookedAtIsNotKept) {
  Port port = Listen(AtPath("other", ListenType::kDatagram));
  const UniqueFd event(Ours(eventfd(0, EFD_CLOEXEC)));
  ASSERT_TRUE(Client().SendTo(Path("other"), "FDSTORE=1", {event.get()}));
  absl::StatusOr<Packet> seen = daemon().Peek(port.fd);
  ASSERT_THAT(seen, IsOk());
  const int number = seen->fds.at(0).number();
  Abandon(std::move(seen->fds[0]));
  Abandon(std::move(port.fd));
  DieToo();
  const Port again = Listen(AtPath("other", ListenType::kDatagram));
  daemon().EndTakeOver();
  while (Same(number, event.get()))
    daemon().Poll(daemon().Now() + absl::Milliseconds(1));
  absl::StatusOr<Packet> packet = daemon().Receive(again.fd);
  ASSERT_THAT(packet, IsOk());
  ASSERT_EQ(packet->fds.size(), 1U);
  EXPECT_TRUE(Same(packet->fds[0].number(), event.get()));
}

TEST_F(KeptTest, FlagsOfWhatIsPassedOnStayAsTheyAre) {
  const UniqueFd file(
      Ours(open(Path("file").c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)));
  const UniqueFd event(Ours(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  const std::vector<Fd> fds = Sent({file.get(), event.get()});
  const Group group = Make();
  SpawnSpec spec = Shell(group, "exit 0");
  spec.fds = {&fds[0], &fds[1]};
  spec.untouched = 2;
  const absl::StatusOr<Child> child = daemon().Spawn(spec);
  ASSERT_THAT(child, IsOk());
  ASSERT_TRUE(Comes(Event::Kind::kExited));
  EXPECT_TRUE((fcntl(file.get(), F_GETFL) & O_APPEND) != 0);
  EXPECT_TRUE((fcntl(event.get(), F_GETFL) & O_NONBLOCK) != 0);
}

}  // namespace
}  // namespace socketd
