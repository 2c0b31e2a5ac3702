// What travels beside bytes: descriptors and who sent them.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/kernel/client.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

class RightsTest : public World {
 protected:
  // What others sent is closed by and by.
  static void ExpectDescriptors(size_t count) {
    const Instant deadline = Poller::Now() + absl::Seconds(10);
    while (OpenDescriptors() > count && Poller::Now() < deadline)
      std::this_thread::yield();
    EXPECT_EQ(OpenDescriptors(), count);
  }

  Port Listen(const std::string& name, ListenType type, bool credentials) {
    ListenSpec spec;
    spec.type = type;
    spec.address = PathAddress{Path(name)};
    spec.pass_credentials = credentials;
    auto port = kernel().Listen(spec);
    EXPECT_TRUE(port.ok()) << port.status();
    return std::move(*port);
  }
};

TEST_F(RightsTest, DescriptorsArriveCloseOnExecAndAreOurs) {
  const Port port = Listen("d", ListenType::kDatagram, true);
  const int null = open("/dev/null", O_RDONLY);
  Client client;
  ASSERT_TRUE(client.SendTo(Path("d"), "FDSTORE=1", {null, null}));
  auto packet = kernel().Receive(port.fd);
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->data, "FDSTORE=1");
  EXPECT_FALSE(packet->truncated);
  ASSERT_EQ(packet->fds.size(), 2U);
  EXPECT_NE(fcntl(packet->fds[0].number(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(packet->peer.pid, getpid());
  EXPECT_EQ(packet->peer.uid, geteuid());
  const size_t before = OpenDescriptors();
  packet->fds.clear();
  ExpectDescriptors(before - 2);
  close(null);
}

TEST_F(RightsTest, APacketThatLostDescriptorsIsMarkedAndKeepsNone) {
  const Port port = Listen("d", ListenType::kDatagram, true);
  const int null = open("/dev/null", O_RDONLY);
  Client client;
  ASSERT_TRUE(client.SendTo(Path("d"), "x", std::vector<int>(50, null)));
  const size_t before = OpenDescriptors();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  // Room for a few of the fifty below the first number that is taken high up.
  const int lowest = fcntl(null, F_DUPFD_CLOEXEC, 3);
  close(lowest);
  rlimit tight = limit;
  tight.rlim_cur = static_cast<rlim_t>(lowest) + 8;
  setrlimit(RLIMIT_NOFILE, &tight);
  auto packet = kernel().Receive(port.fd);
  setrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_TRUE(packet->truncated);
  EXPECT_TRUE(packet->fds.empty());
  ExpectDescriptors(before);
  close(null);
}

TEST_F(RightsTest, ADescriptorIsSentAndWorksThere) {
  const Port port = Listen("s", ListenType::kSequentialPacket, false);
  Client client;
  ASSERT_TRUE(client.ConnectPacket(Path("s")));
  auto connection = kernel().Accept(port.fd, AcceptFor::kUnit);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const Port other = Listen("other", ListenType::kStream, false);
  ASSERT_TRUE(kernel().Send(connection->fd, "take it", {&other.fd}).ok());
  const Fd theirs(kernel(), client.number());
  auto packet = kernel().Receive(theirs);
  const_cast<Fd&>(theirs).Release();  // NOLINT: it is the client's
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->data, "take it");
  ASSERT_EQ(packet->fds.size(), 1U);
  EXPECT_EQ(InodeOf(packet->fds[0].number()), InodeOf(other.fd.number()));
}

TEST_F(RightsTest, AFullQueueIsSaidSoAndDoesNotBlock) {
  const Port port = Listen("s", ListenType::kSequentialPacket, false);
  Client client;
  ASSERT_TRUE(client.ConnectPacket(Path("s")));
  auto connection = kernel().Accept(port.fd, AcceptFor::kUnit);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const std::string big(8192, 'x');
  absl::Status sent;
  for (int i = 0; i < 10'000 && sent.ok(); ++i)
    sent = kernel().Send(connection->fd, big, {});
  EXPECT_TRUE(absl::IsUnavailable(sent)) << sent;
  client.Close();
  // And a peer that is gone is an error, not SIGPIPE.
  EXPECT_FALSE(kernel().Send(connection->fd, "x", {}).ok());
}

TEST_F(RightsTest, MoreDescriptorsThanLinuxCarriesAreRefused) {
  const Port port = Listen("s", ListenType::kSequentialPacket, false);
  Client client;
  ASSERT_TRUE(client.ConnectPacket(Path("s")));
  auto connection = kernel().Accept(port.fd, AcceptFor::kUnit);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_TRUE(kernel().Send(connection->fd, "x", std::vector<const Fd*>(253, &port.fd)).ok());
  EXPECT_FALSE(kernel().Send(connection->fd, "x", std::vector<const Fd*>(254, &port.fd)).ok());
}

TEST_F(RightsTest, ASenderThatIsGoneIsStillOfItsGroup) {
  if (!Has("pidfd-info") || !Has("control-groups")) GTEST_SKIP() << "cannot be told here";
  const Port port = Listen("notify", ListenType::kDatagram, true);
  const Group group = NewGroup();
  SpawnSpec spec = Shell(group, "");
  spec.program = "/usr/bin/perl";
  spec.argv = {"perl", "-MSocket", "-e",
               "socket(S, AF_UNIX, SOCK_DGRAM, 0);"
               "send(S, 'READY=1', 0, pack_sockaddr_un($ENV{T} . '/notify'))"};
  EXPECT_TRUE(Run(spec).clean());  // ended and waited for, before its packet is read
  auto packet = kernel().Receive(port.fd);
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->data, "READY=1");
  EXPECT_EQ(packet->peer.group, group.id());
}

}  // namespace
}  // namespace socketd
