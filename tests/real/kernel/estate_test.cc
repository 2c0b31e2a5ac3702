// What one LinuxKernel leaves behind and the next one finds. Both live in this process: the first
// is given up as it is, as SIGKILL would leave it, but that its children stay children of ours.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/keeper/life.h"
#include "tests/real/kernel/client.h"
#include "tests/real/kernel/estate_world.h"
#include "tests/real/kernel/world.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOk;

TEST_F(EstateTest, WhoWaitsAtAPortIsServedByTheNextDaemon) {
  Port port = Listen(Tcp());
  const ListenSpec spec = TcpOf(port);
  const FileId before = daemon().IdOf(port.fd);
  Abandon(std::move(port.fd));
  Client client;
  ASSERT_TRUE(client.Connect(spec.address));
  ASSERT_TRUE(client.Send("hello"));
  Die();
  Port again = Listen(spec);
  EXPECT_EQ(daemon().IdOf(again.fd), before);
  auto connection = daemon().Accept(again.fd, AcceptFor::kUnit);
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(daemon().Read(connection->fd, 5).value(), "hello");
}

TEST_F(EstateTest, APathIsGoneOnWithAsLongAsItsNodeIsThere) {
  const ListenSpec spec = AtPath("sock");
  const FileId before = ListenAndAbandon(spec);
  Client client;
  ASSERT_TRUE(client.Connect(spec.address));
  Die();
  ListenSpec changed = spec;
  changed.mode = 0600;
  const Port again = Listen(changed);
  EXPECT_EQ(daemon().IdOf(again.fd), before);
  struct stat node{};
  ASSERT_EQ(lstat(Path("sock").c_str(), &node), 0);
  EXPECT_EQ(again.node, node.st_ino);
  EXPECT_EQ(node.st_mode & 0777, 0600U);
  EXPECT_THAT(daemon().Accept(again.fd, AcceptFor::kUnit), IsOk());
}

TEST_F(EstateTest, APathThatWasRemovedIsBoundAnew) {
  const ListenSpec spec = AtPath("sock");
  const FileId before = ListenAndAbandon(spec);
  std::filesystem::remove(Path("sock"));
  Die();
  EXPECT_NE(IdOfListening(spec), before);
}

TEST_F(EstateTest, APathTooLongForAnAddressIsFoundToo) {
  const std::string folder(120, 'x');
  std::filesystem::create_directory(Path(folder));
  const ListenSpec spec = AtPath(absl::StrCat(folder, "/sock"));
  const FileId before = ListenAndAbandon(spec);
  Die();
  EXPECT_EQ(IdOfListening(spec), before);
}

TEST_F(EstateTest, TwinsAreTakenOneByOneInTheirOrder) {
  ListenSpec spec = Tcp();
  spec.options = {{SocketOption::kReusePort, 1, ""}};
  Port first = Listen(spec);
  const SocketOptions options = spec.options;
  spec = TcpOf(first);
  spec.options = options;
  Port second = Listen(spec);
  const FileId ids[] = {daemon().IdOf(first.fd), daemon().IdOf(second.fd)};
  Abandon(std::move(first.fd));
  Abandon(std::move(second.fd));
  Die();
  const Port one = Listen(spec);
  const Port other = Listen(spec);
  EXPECT_EQ(daemon().IdOf(one.fd), ids[0]);
  EXPECT_EQ(daemon().IdOf(other.fd), ids[1]);
}

TEST_F(EstateTest, WhatOnlyANewSocketCanHaveIsHadByANewOne) {
  ListenSpec spec;
  spec.address = Ipv6Address{{}, 0, "", false};
  spec.ipv6_only = Ipv6Only::kIpv6Only;
  Port port = Listen(spec);
  spec.address = Ipv6Address{{}, std::get<Ipv6Address>(port.bound).port, "", false};
  const FileId before = daemon().IdOf(port.fd);
  Abandon(std::move(port.fd));
  Die();
  spec.ipv6_only = Ipv6Only::kBoth;
  EXPECT_NE(IdOfListening(spec), before);
}

TEST_F(EstateTest, AnAddressThatWasChangedIsNotInItsOwnWay) {
  Port port = Listen(Tcp());
  ListenSpec spec = TcpOf(port);
  Abandon(std::move(port.fd));
  ListenAndAbandon(AtPath("sock"));
  Die();
  spec.address = Ipv4Address{{0, 0, 0, 0}, std::get<Ipv4Address>(spec.address).port};
  Listen(spec);
  Listen(AtPath("sock", ListenType::kSequentialPacket));
}

TEST_F(EstateTest, PacketsAndBytesWaitForTheNextDaemon) {
  const ListenSpec packets = AtPath("packets", ListenType::kDatagram);
  const ListenSpec bytes = AtPath("bytes", ListenType::kFifo);
  ListenAndAbandon(packets);
  ListenAndAbandon(bytes);
  Client client;
  ASSERT_TRUE(client.SendTo(Path("packets"), "packet"));
  ASSERT_TRUE(client.Deliver(bytes, "bytes"));
  Die();
  EXPECT_EQ(daemon().Receive(Listen(packets).fd)->data, "packet");
  const Port fifo = Listen(bytes);
  daemon().EndTakeOver();
  EXPECT_EQ(daemon().Read(fifo.fd, 100).value(), "bytes");
}

TEST_F(EstateTest, AConnectionIsTakenOverOnceWithItsPeer) {
  Port port = Listen(AtPath("sock"));
  Client client;
  ASSERT_TRUE(client.Connect(PathAddress{Path("sock")}));
  auto accepted = daemon().Accept(port.fd, AcceptFor::kUnit);
  ASSERT_THAT(accepted, IsOk());
  const FileId id = daemon().IdOf(accepted->fd);
  const uint64_t cookie = accepted->cookie;
  Abandon(std::move(accepted->fd));
  Abandon(std::move(port.fd));
  Die();
  auto taken = daemon().TakeConnection(cookie);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(taken->peer.pid, getpid());
  EXPECT_EQ(taken->cookie, cookie);
  EXPECT_EQ(daemon().IdOf(taken->fd), id);
  EXPECT_THAT(daemon().TakeConnection(cookie), FailsBecause("NOT_LEFT"));
  EXPECT_THAT(daemon().TakeConnection(0), FailsBecause("NOT_LEFT"));
}

TEST_F(EstateTest, TheEndsOfAPipeAreTold) {
  auto pipe = daemon().Pipe();
  ASSERT_THAT(pipe, IsOk());
  const FileId reading = daemon().IdOf(pipe->read);
  EXPECT_NE(reading, daemon().IdOf(pipe->write));
  ASSERT_EQ(write(pipe->write.number(), "log", 3), 3);
  Abandon(std::move(pipe->read));
  Abandon(std::move(pipe->write));
  Die();
  auto taken = daemon().TakeOver(reading);
  ASSERT_THAT(taken, IsOk());
  daemon().EndTakeOver();
  EXPECT_EQ(daemon().Read(*taken, 100).value(), "log");
}

TEST_F(EstateTest, MemoryStaysAndGrows) {
  absl::Span<char> memory = daemon().Memory(10);
  ASSERT_GE(memory.size(), 10U);
  EXPECT_EQ(memory[9], 0);
  memory[9] = 'x';
  memory = daemon().Memory(1 << 20);
  ASSERT_GE(memory.size(), 1U << 20);
  EXPECT_EQ(memory[9], 'x');
  memory[1000000] = 'y';
  Die();
  memory = daemon().Memory(1);
  ASSERT_GE(memory.size(), 1U << 20);
  EXPECT_EQ(memory[9], 'x');
  EXPECT_EQ(memory[1000000], 'y');
}

TEST_F(EstateTest, ALivingProcessAndItsGroupAreAdopted) {
  Group group = Make();
  const GroupId id = group.id();
  Child child = Start(group, "read line <$T/go; exit 7");
  ASSERT_EQ(mkfifo(Path("go").c_str(), 0600), 0);
  ASSERT_TRUE(Comes(Event::Kind::kExeced));
  const ProcessId process = daemon().IdOf(child);
  EXPECT_EQ(process.pid, child.pid());
  Abandon(std::move(child));
  Abandon(std::move(group));
  Die();
  auto adopted = daemon().AdoptGroup(id, kGroupToken);
  ASSERT_THAT(adopted, IsOk());
  EXPECT_EQ(adopted->id(), id);
  EXPECT_TRUE(daemon().Populated(*adopted));
  auto readopted = daemon().Readopt(process, *adopted, kChildToken);
  ASSERT_THAT(readopted, IsOk());
  EXPECT_EQ(daemon().IdOf(*readopted), process);
  daemon().EndTakeOver();
  EXPECT_EQ(daemon().Signal(*readopted, 0, Whom::kProcess).value(), Reached::kSomebody);
  const int go = open(Path("go").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(write(go, "\n", 1), 1);
  ASSERT_TRUE(Comes(Event::Kind::kExited));
  EXPECT_EQ(daemon().ExitOf(*readopted), (Exit{Exit::How::kExited, 7}));
  EXPECT_FALSE(daemon().Populated(*adopted));
  close(go);
}

TEST_F(EstateTest, ANewGroupIsNoneOfTheOldOnes) {
  Group group = Make();
  const GroupId id = group.id();
  Abandon(std::move(group));
  Die();
  const Group fresh = Make();
  EXPECT_NE(fresh.id(), id);
  EXPECT_THAT(daemon().AdoptGroup(id, kGroupToken), IsOk());
  EXPECT_THAT(daemon().AdoptGroup(GroupId::kNone, kGroupToken), FailsBecause("NO_SUCH_GROUP"));
}

TEST_F(EstateTest, HowAnOrphanEndedIsKnownFromTheKeeper) {
  const ProcessId gone{4194304 + 1, 17};  // no process can have this number
  life().page->endings.Add({.pid = gone.pid, .code = CLD_KILLED, .status = SIGTERM, .born = 17});
  const Group group = Make();
  auto child = daemon().Readopt(gone, group, kChildToken);
  ASSERT_THAT(child, IsOk());
  EXPECT_EQ(daemon().Signal(*child, SIGTERM, Whom::kProcess).value(), Reached::kNobody);
  ASSERT_TRUE(Comes(Event::Kind::kExited));
  EXPECT_EQ(daemon().ExitOf(*child), (Exit{Exit::How::kSignaled, SIGTERM}));
}

TEST_F(EstateTest, AnotherProcessOfThatNumberIsNotAdopted) {
  const Group group = Make();
  EXPECT_THAT(daemon().Readopt({getpid(), 17}, group, kChildToken),
              FailsBecause("NO_SUCH_PROCESS"));
  EXPECT_THAT(daemon().Readopt({0, 0}, group, kChildToken), FailsBecause("NO_SUCH_PROCESS"));
  EXPECT_THAT(daemon().Readopt({getpid(), 0}, group, kChildToken), FailsBecause("NO_SUCH_PROCESS"));
}

TEST_F(EstateTest, WhatNobodyTookIsGivenUpAtTheEnd) {
  Group full = Make();
  Group empty = Make();
  Child child = Start(full, "exec sleep 1000");
  ASSERT_TRUE(Comes(Event::Kind::kExeced));
  const ProcessId process = daemon().IdOf(child);
  const GroupId ids[] = {full.id(), empty.id()};
  Port port = Listen(Tcp());
  const ListenSpec spec = TcpOf(port);
  Abandon(std::move(child));
  Abandon(std::move(full));
  Abandon(std::move(empty));
  Abandon(std::move(port.fd));
  Die();
  Client client;
  EXPECT_TRUE(client.Connect(spec.address));
  daemon().EndTakeOver();
  // Its groups are gone with it, once it is.
  for (const GroupId id : ids)
    EXPECT_THAT(daemon().AdoptGroup(id, kGroupToken), FailsBecause("NO_SUCH_GROUP"));
  const Group group = Make();
  auto found = daemon().Readopt(process, group, kChildToken);
  if (found.ok()) {
    EXPECT_TRUE(Comes(Event::Kind::kExited));
  }
  EXPECT_EQ(client.ReadAll(), "");
  Client late;
  EXPECT_FALSE(late.Connect(spec.address));
}

}  // namespace
}  // namespace socketd
