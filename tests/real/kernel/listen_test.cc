// Listening on the real kernel: nodes, modes, what is in the way, and what services do to a port.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "tests/real/kernel/client.h"
#include "tests/real/kernel/world.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ListenTest : public World {
 protected:
  ListenSpec At(const std::string& path, ListenType type = ListenType::kStream) const {
    ListenSpec spec;
    spec.type = type;
    spec.address = PathAddress{path};
    return spec;
  }
  static ListenSpec Tcp() {
    ListenSpec spec;
    spec.address = Ipv4Address{{127, 0, 0, 1}, 0};
    return spec;
  }
  static struct stat StatOf(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status;
  }
};

TEST_F(ListenTest, ANodeHasItsModeAndItsFoldersTheirs) {
  ListenSpec spec = At(Path("a/b/sock"));
  spec.mode = 0620;
  spec.directory_mode = 0711;
  auto port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_EQ(StatOf(Path("a/b/sock")).st_mode & 07777, 0620U);
  EXPECT_EQ(StatOf(Path("a/b/sock")).st_ino, port->node);
  EXPECT_EQ(StatOf(Path("a")).st_mode & 07777, 0711U);
  EXPECT_EQ(StatOf(Path("a/b")).st_mode & 07777, 0711U);
}

TEST_F(ListenTest, ANodeHasItsOwner) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  for (const ListenType type : {ListenType::kStream, ListenType::kDatagram, ListenType::kFifo}) {
    ListenSpec spec = At(Path(absl::StrCat("node", static_cast<int>(type))), type);
    spec.mode = 0640;
    spec.owner = {33, 34};
    auto port = kernel().Listen(spec);
    ASSERT_TRUE(port.ok()) << port.status();
    const struct stat status = StatOf(std::get<PathAddress>(spec.address).path);
    EXPECT_EQ(status.st_uid, 33U);
    EXPECT_EQ(status.st_gid, 34U);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
  }
}

TEST_F(ListenTest, ANodeChangesItsOwnerAndModeWhereItIs) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  for (const ListenType type : {ListenType::kStream, ListenType::kDatagram, ListenType::kFifo}) {
    const std::string path = Path(absl::StrCat("changed", static_cast<int>(type)));
    const ListenSpec from = At(path, type);
    auto port = kernel().Listen(from);
    ASSERT_TRUE(port.ok()) << port.status();
    ListenSpec to = from;
    to.mode = 0640;
    to.owner = {33, 34};
    EXPECT_THAT(kernel().Reconfigure(*port, from, to), IsEmpty());
    const struct stat status = StatOf(path);
    EXPECT_EQ(status.st_uid, 33U);
    EXPECT_EQ(status.st_gid, 34U);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    EXPECT_EQ(status.st_ino, port->node);
  }
}

TEST_F(ListenTest, ANodeOfSomebodyElseIsNotChanged) {
  const std::string path = Path("theirs");
  const ListenSpec from = At(path);
  auto port = kernel().Listen(from);
  ASSERT_TRUE(port.ok()) << port.status();
  // The new one is there before the old one is gone: else it might get its inode.
  std::ofstream(path + ".new") << "theirs";
  ASSERT_EQ(chmod((path + ".new").c_str(), 0644), 0);
  ASSERT_EQ(rename((path + ".new").c_str(), path.c_str()), 0);
  ListenSpec to = from;
  to.mode = 0600;
  EXPECT_THAT(kernel().Reconfigure(*port, from, to),
              ElementsAre(HasSubstr("[Socket] SocketMode=: not obeyed for")));
  EXPECT_EQ(StatOf(path).st_mode & 07777, 0644U);
}

TEST_F(ListenTest, APathLongerThanASocketAddressWorks) {
  const std::string path = Path(absl::StrCat(std::string(120, 'd'), "/", std::string(90, 's')));
  auto port = kernel().Listen(At(path));
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_TRUE(S_ISSOCK(StatOf(path).st_mode));
  EXPECT_EQ(ToText(port->bound), path);
  EXPECT_EQ(ReasonOf(kernel().Listen(At(path)).status()), "PORT_IN_USE");
  const std::string link = Path("short");
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  EXPECT_TRUE(Client().Connect(PathAddress{link}));
}

TEST_F(ListenTest, ADeadNodeIsReplacedAndALivingOneIsNot) {
  const std::string path = Path("sock");
  {
    auto dead = kernel().Listen(At(path));
    ASSERT_TRUE(dead.ok()) << dead.status();
  }
  auto living = kernel().Listen(At(path));
  ASSERT_TRUE(living.ok()) << living.status();
  for (const ListenType type :
       {ListenType::kStream, ListenType::kDatagram, ListenType::kSequentialPacket}) {
    EXPECT_EQ(ReasonOf(kernel().Listen(At(path, type)).status()), "PORT_IN_USE");
  }
  EXPECT_EQ(StatOf(path).st_ino, living->node);
  // The probe queued no connection.
  EXPECT_TRUE(absl::IsUnavailable(kernel().Accept(living->fd, AcceptFor::kUnit).status()));
  EXPECT_TRUE(Client().Connect(PathAddress{path}));
}

TEST_F(ListenTest, ALivingDatagramSocketAndOneThatDoesNotListenYetAreNotStolen) {
  auto datagram = kernel().Listen(At(Path("d"), ListenType::kDatagram));
  ASSERT_TRUE(datagram.ok()) << datagram.status();
  EXPECT_EQ(ReasonOf(kernel().Listen(At(Path("d"))).status()), "PORT_IN_USE");
}

TEST_F(ListenTest, WhatIsNoSocketIsNamedAndLeftAlone) {
  std::ofstream(Path("file")) << "precious";
  ASSERT_EQ(symlink("/etc/passwd", Path("link").c_str()), 0);
  ASSERT_EQ(mkdir(Path("folder").c_str(), 0755), 0);
  for (const char* name : {"file", "link", "folder"}) {
    for (const ListenType type : {ListenType::kStream, ListenType::kFifo}) {
      const auto port = kernel().Listen(At(Path(name), type));
      EXPECT_EQ(ReasonOf(port.status()), "NOT_A_SOCKET") << name << port.status();
      EXPECT_NE(FactsOf(port.status())["type"], "") << name;
    }
  }
  EXPECT_EQ(Contents(Path("file")), "precious");
}

TEST_F(ListenTest, AFailedListenLeavesNothingBehind) {
  ListenSpec spec = At(Path("sock"));
  spec.bind_to_device = "ignored for paths";
  {
    auto port = kernel().Listen(spec);
    ASSERT_TRUE(port.ok()) << port.status();
  }
  ListenSpec tcp = Tcp();
  tcp.bind_to_device = "nodev0";
  const auto port = kernel().Listen(tcp);
  EXPECT_EQ(ReasonOf(port.status()), "NO_SUCH_DEVICE") << port.status();
}

TEST_F(ListenTest, AFifoOutlivesItsWriters) {
  auto port = kernel().Listen(At(Path("fifo"), ListenType::kFifo));
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_TRUE(S_ISFIFO(StatOf(Path("fifo")).st_mode));
  ASSERT_TRUE(kernel().Arm(port->fd, kGroupToken, Arming::kOnce).ok());
  {
    std::ofstream(Path("fifo")) << "hello";
  }
  const auto event = Next(Event::Kind::kIo);
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->readable);
  EXPECT_FALSE(event->hang_up);
  EXPECT_EQ(kernel().Read(port->fd, 100).value(), "hello");
  EXPECT_TRUE(absl::IsUnavailable(kernel().Read(port->fd, 100).status()));
}

TEST_F(ListenTest, Ipv6CanLeaveThePortToIpv4) {
  ListenSpec six;
  six.address = Ipv6Address{};
  six.ipv6_only = Ipv6Only::kIpv6Only;
  auto port = kernel().Listen(six);
  if (!port.ok()) GTEST_SKIP() << port.status();
  const uint16_t number = std::get<Ipv6Address>(port->bound).port;
  ListenSpec four;
  four.address = Ipv4Address{{0, 0, 0, 0}, number};
  EXPECT_TRUE(kernel().Listen(four).ok());
  six.address = Ipv6Address{};
  six.ipv6_only = Ipv6Only::kBoth;
  auto both = kernel().Listen(six);
  ASSERT_TRUE(both.ok()) << both.status();
  four.address = Ipv4Address{{0, 0, 0, 0}, std::get<Ipv6Address>(both->bound).port};
  EXPECT_EQ(ReasonOf(kernel().Listen(four).status()), "PORT_IN_USE");
}

TEST_F(ListenTest, AbstractNamesWork) {
  ListenSpec spec;
  spec.address = AbstractAddress{absl::StrCat("socketd-test-", getpid())};
  auto port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_EQ(port->bound, spec.address);
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "PORT_IN_USE");
}

TEST_F(ListenTest, AnAddressOfNobodyIsSaidSo) {
  ListenSpec spec;
  spec.address = Ipv4Address{{192, 0, 2, 1}, 0};
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "ADDRESS_NOT_AVAILABLE");
}

TEST_F(ListenTest, ATcpPortThatAServiceShutDownIsRepaired) {
  ListenSpec spec = Tcp();
  auto port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  spec.address = port->bound;
  // With a port that was bound explicitly; of port 0 nothing would be left.
  port->fd = Fd();
  port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  ASSERT_EQ(shutdown(port->fd.number(), SHUT_RDWR), 0);
  EXPECT_FALSE(Client().Connect(port->bound));
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kRepaired);
  EXPECT_TRUE(Client().Connect(port->bound));
}

TEST_F(ListenTest, AUnixPortThatAServiceShutDownIsBroken) {
  const ListenSpec spec = At(Path("sock"));
  auto port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  ASSERT_EQ(shutdown(port->fd.number(), SHUT_RDWR), 0);
  EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kBroken);
}

TEST_F(ListenTest, RestoreMakesAPortNonblockingAgain) {
  auto port = kernel().Listen(Tcp());
  ASSERT_TRUE(port.ok()) << port.status();
  fcntl(port->fd.number(), F_SETFL, 0);
  EXPECT_EQ(*kernel().Restore(*port, Tcp()), PortFound::kSound);
  EXPECT_NE(fcntl(port->fd.number(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenTest, RestoreMakesAQueueAsLongAsItWas) {
  for (const ListenSpec& spec : {Tcp(), At(Path("sock"))}) {
    auto port = kernel().Listen(spec);
    ASSERT_TRUE(port.ok()) << port.status();
    ASSERT_EQ(listen(port->fd.number(), 0), 0);
    EXPECT_EQ(*kernel().Restore(*port, spec), PortFound::kSound);
    std::vector<Client> clients(8);
    for (Client& client : clients)
      EXPECT_TRUE(client.Connect(port->bound));
  }
}

TEST_F(ListenTest, AConnectionTellsItsPeer) {
  const ListenSpec spec = At(Path("sock"));
  auto port = kernel().Listen(spec);
  ASSERT_TRUE(port.ok()) << port.status();
  Client client;
  ASSERT_TRUE(client.Connect(spec.address));
  auto connection = kernel().Accept(port->fd, AcceptFor::kUnit);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->peer.pid, getpid());
  EXPECT_EQ(connection->peer.uid, geteuid());
  EXPECT_NE(connection->cookie, 0U);
  EXPECT_EQ(connection->peer.group, GroupId::kNone);
  EXPECT_EQ(fcntl(connection->fd.number(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenTest, APortThatHasToldAndIsClosedTellsNothingMore) {
  auto port = kernel().Listen(Tcp());
  ASSERT_TRUE(port.ok()) << port.status();
  ASSERT_TRUE(kernel().Arm(port->fd, kChildToken, Arming::kOnce).ok());
  Client client;
  ASSERT_TRUE(client.Connect(port->bound));
  ASSERT_TRUE(Next(Event::Kind::kIo));
  // As a service has one: epoll's interest lives as long as it does.
  const UniqueFd copy(fcntl(port->fd.number(), F_DUPFD_CLOEXEC, 0));
  kernel().Disarm(port->fd);
  const int number = port->fd.number();
  port->fd = Fd();
  auto next = kernel().Listen(Tcp());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->fd.number(), number);
  ASSERT_TRUE(kernel().Arm(next->fd, kGroupToken, Arming::kOnce).ok());
  ASSERT_TRUE(client.Connect(port->bound));
  EXPECT_TRUE(kernel().Poll(kernel().Now() + absl::Milliseconds(50)).empty());
  ASSERT_TRUE(client.Connect(next->bound));
  const std::optional<Event> event = Next(Event::Kind::kIo);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->token, kGroupToken);
}

TEST_F(ListenTest, AConnectionTellsWhereItCameIn) {
  const ListenSpec spec = At(Path("sock"));
  auto unix_port = kernel().Listen(spec);
  auto one = kernel().Listen(Tcp());
  ListenSpec any = Tcp();
  any.address = Ipv4Address();
  auto all = kernel().Listen(any);
  ASSERT_TRUE(unix_port.ok() && one.ok() && all.ok());
  Client first;
  Client second;
  Client third;
  ASSERT_TRUE(first.Connect(spec.address));
  ASSERT_TRUE(second.Connect(one->bound));
  Ipv4Address loopback = std::get<Ipv4Address>(all->bound);
  loopback.octets = {127, 0, 0, 9};
  ASSERT_TRUE(third.Connect(loopback));
  EXPECT_EQ(kernel().Accept(unix_port->fd, AcceptFor::kUnit)->local, spec.address);
  EXPECT_EQ(kernel().Accept(one->fd, AcceptFor::kUnit)->local, one->bound);
  EXPECT_EQ(kernel().Accept(all->fd, AcceptFor::kUnit)->local, SocketAddress(loopback));
}

// Whoever owns it has its other end open, and may have it for ever.
TEST_F(ListenTest, AFifoOfAStrangerIsNeitherTakenNorGivenAway) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0666), 0);
  ASSERT_EQ(chown(path.c_str(), 33, 33), 0);
  ListenSpec spec;
  spec.type = ListenType::kFifo;
  spec.address = PathAddress{path};
  spec.mode = 0600;
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "PERMISSION_DENIED");
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 33U);
  spec.owner.uid = 33;  // SocketUser= names it: then it is meant
  EXPECT_TRUE(kernel().Listen(spec).ok());
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

}  // namespace
}  // namespace socketd
