// What else than plain sockets of unix and IP is listened on, read back from the kernel; and who is
// in the way of an address.
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
using enum SocketOption;

class KindsTest : public World {
 protected:
  static ListenSpec Stream(SocketAddress address) {
    ListenSpec spec;
    spec.address = std::move(address);
    return spec;
  }
  static ListenSpec Datagram(SocketAddress address) {
    ListenSpec spec = Stream(std::move(address));
    spec.type = ListenType::kDatagram;
    return spec;
  }
  static Ipv6Address Loopback6() {
    Ipv6Address loopback;
    loopback.octets[15] = 1;
    return loopback;
  }
  static constexpr Ipv4Address kLoopback4{{127, 0, 0, 1}, 0};

  static int Read(const Fd& fd, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    EXPECT_EQ(getsockopt(fd.number(), SOL_SOCKET, name, &value, &length), 0);
    return value;
  }
  Port Open(const ListenSpec& spec) {
    auto port = kernel().Listen(spec);
    EXPECT_TRUE(port.ok()) << port.status();
    return port.ok() ? *std::move(port) : Port();
  }
};

TEST_F(KindsTest, AFifoHasItsSize) {
  ListenSpec spec;
  spec.type = ListenType::kFifo;
  spec.address = PathAddress{Path("fifo")};
  spec.options = {{kPipeSize, 262144, ""}};
  const Port port = Open(spec);
  EXPECT_THAT(port.warnings, IsEmpty());
  EXPECT_EQ(fcntl(port.fd.number(), F_GETPIPE_SZ), 262144);
}

TEST_F(KindsTest, AMessageQueueHasItsLimitsModeAndOwner) {
  ListenSpec spec;
  spec.type = ListenType::kMessageQueue;
  const std::string name = absl::StrCat("/socketd-", folder().substr(folder().rfind('/') + 1));
  spec.address = QueueAddress{name};
  spec.queue_messages = 5;
  spec.queue_message_size = 100;
  spec.mode = 0620;
  if (IsRoot()) spec.owner = {33, 34};
  {
    const Port port = Open(spec);
    EXPECT_THAT(port.warnings, IsEmpty());
    mq_attr attributes{};
    ASSERT_EQ(mq_getattr(port.fd.number(), &attributes), 0);
    EXPECT_EQ(attributes.mq_maxmsg, 5);
    EXPECT_EQ(attributes.mq_msgsize, 100);
    struct stat status{};
    ASSERT_EQ(fstat(port.fd.number(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0620U);
    EXPECT_EQ(status.st_uid, spec.owner.uid.value_or(geteuid()));
    EXPECT_EQ(status.st_gid, spec.owner.gid.value_or(getegid()));
  }
  // One that is there keeps its limits, and that is said.
  spec.queue_messages = 6;
  const Port again = Open(spec);
  EXPECT_THAT(again.warnings, ElementsAre(HasSubstr("the queue was there with 5 of 100 bytes")));
  EXPECT_TRUE(kernel().RemoveQueue(name, again.node).ok());
}

TEST_F(KindsTest, ADeviceIsOpenedForReadingAndForWritingWhereAsked) {
  const Terminal terminal;
  ListenSpec spec;
  spec.type = ListenType::kSpecial;
  spec.address = PathAddress{terminal.path()};
  for (const bool writable : {false, true}) {
    spec.writable = writable;
    const Port port = Open(spec);
    EXPECT_EQ(fcntl(port.fd.number(), F_GETFL) & O_ACCMODE, writable ? O_RDWR : O_RDONLY);
  }
  spec.address = PathAddress{"/proc/self/mounts"};
  EXPECT_THAT(Open(spec).warnings, ElementsAre(HasSubstr("ready from the beginning")));
  spec.address = PathAddress{"/dev/null"};
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "CANNOT_WAIT");
  spec.address = PathAddress{folder()};
  spec.writable = false;
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "NOT_A_SOCKET");
}

TEST_F(KindsTest, ANetlinkSocketIsOfItsFamilyAndGroups) {
  ListenSpec spec;
  spec.type = ListenType::kNetlink;
  spec.address = NetlinkAddress{15, 1};
  spec.options = {{kPassPacketInfo, 1, ""}};
  const Port port = Open(spec);
  EXPECT_EQ(ToText(port.bound), "kobject-uevent 1");
  EXPECT_EQ(Read(port.fd, SO_PROTOCOL), 15);
  EXPECT_EQ(Read(port.fd, SO_TYPE), SOCK_RAW);
}

TEST_F(KindsTest, ProtocolsAreOfTheSocketsThatHaveThem) {
  struct Case {
    SocketProtocol protocol;
    ListenSpec spec;
    int number;
    const char* capability;
  };
  for (const Case& one :
       {Case{SocketProtocol::kMptcp, Stream(kLoopback4), IPPROTO_MPTCP, "mptcp"},
        Case{SocketProtocol::kMptcp, Datagram(kLoopback4), IPPROTO_UDP, ""},
        Case{SocketProtocol::kUdplite, Datagram(Loopback6()), IPPROTO_UDPLITE, "udplite"},
        Case{SocketProtocol::kUdplite, Stream(Loopback6()), IPPROTO_TCP, ""},
        Case{SocketProtocol::kSctp, Stream(kLoopback4), IPPROTO_SCTP, "sctp"},
        Case{SocketProtocol::kMptcp, Stream(PathAddress{Path("socket")}), 0, ""}}) {
    ListenSpec spec = one.spec;
    spec.protocol = one.protocol;
    if (*one.capability != 0 && !Has(one.capability)) {
      const absl::Status refused = kernel().Listen(spec).status();
      EXPECT_EQ(ReasonOf(refused), "NO_SUCH_PROTOCOL") << refused;
      continue;
    }
    EXPECT_EQ(Read(Open(spec).fd, SO_PROTOCOL), one.number) << one.capability;
  }
}

TEST_F(KindsTest, AVsockPortIsBoundForAnyCid) {
  if (!Has("vsock")) GTEST_SKIP() << "no vsock";
  ListenSpec spec;
  spec.address = VsockAddress{0xFFFFFFFF, 0xFFFFFFFF};
  const Port port = Open(spec);
  EXPECT_EQ(HostText(port.bound), "4294967295");
  EXPECT_NE(PortText(port.bound), "4294967295");
}

TEST_F(KindsTest, AScopeIsAnInterface) {
  ListenSpec spec = Stream(Loopback6());
  std::get<Ipv6Address>(spec.address) = Ipv6Address{{0xFE, 0x80}, 0, "nodev0", false};
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "NO_SUCH_DEVICE");
  // Of a group that only this machine hears: an address that needs no set-up to be bound.
  spec.type = ListenType::kDatagram;
  std::get<Ipv6Address>(spec.address) = Ipv6Address{{0xFF, 0x02}, 0, "lo", false};
  std::get<Ipv6Address>(spec.address).octets[15] = 1;
  EXPECT_THAT(ToText(Open(spec).bound), HasSubstr("%lo"));
}

TEST_F(KindsTest, TheHolderOfAnAddressIsNamed) {
  const std::string self = Contents("/proc/self/comm");
  for (ListenSpec spec : {Stream(kLoopback4), Stream(Loopback6()), Datagram(kLoopback4),
                          Datagram(Loopback6()), Stream(PathAddress{Path("socket")})}) {
    const Port port = Open(spec);
    spec.address = port.bound;
    const absl::Status refused = kernel().Listen(spec).status();
    EXPECT_EQ(ReasonOf(refused), "PORT_IN_USE");
    EXPECT_EQ(FactsOf(refused)["holder_pid"], absl::StrCat(getpid())) << ToText(spec.address);
    EXPECT_THAT(FactsOf(refused)["holder"], HasSubstr(self.substr(0, self.size() - 1)));
    EXPECT_THAT(std::string(refused.message()), HasSubstr("holder"));
  }
  // Any-addresses stand in the way of all others.
  ListenSpec any;
  any.address = Ipv6Address{};
  const Port port = Open(any);
  ListenSpec spec = Stream(kLoopback4);
  std::get<Ipv4Address>(spec.address).port = std::get<Ipv6Address>(port.bound).port;
  EXPECT_EQ(FactsOf(kernel().Listen(spec).status())["holder_pid"], absl::StrCat(getpid()));
}

}  // namespace
}  // namespace socketd
