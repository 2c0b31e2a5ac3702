// Every option of a socket unit, read back from the kernel: at the listener, and at what it
// accepts.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
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

enum class On : uint8_t { kTcp4, kTcp6, kUdp4, kUdp6, kUnix, kUnixDatagram, kNetlink };

// The number that is read back where `set` was asked for.
struct OptionRow {
  On on;
  SocketOption option;
  int set;
  int level;
  int name;
  int read;
  bool accepted;  // and at a connection
};

constexpr int kIpv6FreeBindOption = 78;

// clang-format off
const OptionRow kRows[] = {
    {On::kTcp4, kKeepAlive, 1, SOL_SOCKET, SO_KEEPALIVE, 1, true},
    {On::kTcp4, kKeepAliveTime, 11, IPPROTO_TCP, TCP_KEEPIDLE, 11, true},
    {On::kTcp4, kKeepAliveInterval, 12, IPPROTO_TCP, TCP_KEEPINTVL, 12, true},
    {On::kTcp4, kKeepAliveProbes, 3, IPPROTO_TCP, TCP_KEEPCNT, 3, true},
    {On::kTcp6, kKeepAliveTime, 11, IPPROTO_TCP, TCP_KEEPIDLE, 11, true},
    {On::kTcp4, kDeferAccept, 5, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7, false},  // in steps of SYN-ACKs
    {On::kTcp4, kNoDelay, 1, IPPROTO_TCP, TCP_NODELAY, 1, true},
    {On::kTcp4, kReceiveBuffer, 65536, SOL_SOCKET, SO_RCVBUF, 131072, true},  // doubled: socket(7)
    {On::kTcp4, kSendBuffer, 70000, SOL_SOCKET, SO_SNDBUF, 140000, true},
    {On::kUnix, kReceiveBuffer, 65536, SOL_SOCKET, SO_RCVBUF, 131072, true},
    {On::kUnix, kSendBuffer, 70000, SOL_SOCKET, SO_SNDBUF, 140000, true},
    {On::kNetlink, kReceiveBuffer, 8388608, SOL_SOCKET, SO_RCVBUF, 16777216, false},
    {On::kTcp4, kMark, 7, SOL_SOCKET, SO_MARK, 7, true},
    {On::kUnix, kMark, 7, SOL_SOCKET, SO_MARK, 7, true},
    {On::kTcp4, kIpTos, 0x10, IPPROTO_IP, IP_TOS, 0x10, true},
    {On::kTcp6, kIpTos, 0x10, IPPROTO_IPV6, IPV6_TCLASS, 0x10, true},
    {On::kTcp6, kIpTos, 0x10, IPPROTO_IP, IP_TOS, 0x10, true},
    {On::kUdp4, kIpTos, 0x08, IPPROTO_IP, IP_TOS, 0x08, false},
    {On::kTcp4, kPriority, 5, SOL_SOCKET, SO_PRIORITY, 5, true},
    {On::kTcp6, kPriority, 0, SOL_SOCKET, SO_PRIORITY, 0, true},
    {On::kUnix, kPriority, 6, SOL_SOCKET, SO_PRIORITY, 6, true},
    {On::kTcp4, kIpTtl, 33, IPPROTO_IP, IP_TTL, 33, true},
    {On::kTcp6, kIpTtl, 33, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33, true},
    {On::kTcp6, kIpTtl, 33, IPPROTO_IP, IP_TTL, 33, true},
    {On::kUdp6, kIpTtl, 1, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, false},
    {On::kTcp4, kFreeBind, 1, IPPROTO_IP, IP_FREEBIND, 1, true},
    {On::kTcp6, kFreeBind, 1, IPPROTO_IPV6, kIpv6FreeBindOption, 1, true},
    {On::kTcp4, kTransparent, 1, IPPROTO_IP, IP_TRANSPARENT, 1, true},
    {On::kUdp6, kTransparent, 1, IPPROTO_IPV6, IPV6_TRANSPARENT, 1, false},
    {On::kUdp4, kBroadcast, 1, SOL_SOCKET, SO_BROADCAST, 1, false},
    {On::kTcp4, kReusePort, 1, SOL_SOCKET, SO_REUSEPORT, 1, true},
    {On::kUdp6, kReusePort, 1, SOL_SOCKET, SO_REUSEPORT, 1, false},
    {On::kUnix, kPassCredentials, 1, SOL_SOCKET, SO_PASSCRED, 1, true},
    {On::kUnixDatagram, kPassCredentials, 1, SOL_SOCKET, SO_PASSCRED, 1, false},
    {On::kNetlink, kPassCredentials, 1, SOL_SOCKET, SO_PASSCRED, 1, false},
    {On::kUnix, kPassSecurity, 1, SOL_SOCKET, SO_PASSSEC, 1, true},
    {On::kUnix, kPassPidfd, 1, SOL_SOCKET, kSoPassPidfd, 1, true},
    {On::kUnix, kAcceptFileDescriptors, 0, SOL_SOCKET, kSoPassRights, 0, true},
    {On::kUnixDatagram, kAcceptFileDescriptors, 0, SOL_SOCKET, kSoPassRights, 0, false},
    {On::kUdp4, kPassPacketInfo, 1, IPPROTO_IP, IP_PKTINFO, 1, false},
    {On::kUdp6, kPassPacketInfo, 1, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, false},
    {On::kUdp4, kTimestampMicroseconds, 1, SOL_SOCKET, SO_TIMESTAMP, 1, false},
    {On::kUdp4, kTimestampNanoseconds, 1, SOL_SOCKET, SO_TIMESTAMPNS, 1, false},
    {On::kTcp4, kTimestampNanoseconds, 1, SOL_SOCKET, SO_TIMESTAMPNS, 1, true},
    {On::kUnix, kTimestampMicroseconds, 1, SOL_SOCKET, SO_TIMESTAMP, 1, true},
    {On::kUnixDatagram, kTimestampMicroseconds, 1, SOL_SOCKET, SO_TIMESTAMP, 1, false},
};
// clang-format on

class OptionsTest : public World {
 protected:
  ListenSpec SpecOf(On on) const {
    ListenSpec spec;
    Ipv6Address loopback;
    loopback.octets[15] = 1;
    switch (on) {
      case On::kUdp4:
        spec.type = ListenType::kDatagram;
        [[fallthrough]];
      case On::kTcp4:
        spec.address = Ipv4Address{{127, 0, 0, 1}, 0};
        return spec;
      case On::kUdp6:
        spec.type = ListenType::kDatagram;
        [[fallthrough]];
      case On::kTcp6:
        spec.address = loopback;
        return spec;
      case On::kUnixDatagram:
        spec.type = ListenType::kDatagram;
        [[fallthrough]];
      case On::kUnix:
        spec.address = PathAddress{Path("socket")};
        return spec;
      case On::kNetlink:
        spec.type = ListenType::kNetlink;
        spec.address = NetlinkAddress{15, 0};
        return spec;
    }
    return spec;
  }
  static int Read(const Fd& fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    EXPECT_EQ(getsockopt(fd.number(), level, name, &value, &length), 0) << ErrnoName(errno);
    return value;
  }
  Port Open(const ListenSpec& spec) {
    auto port = kernel().Listen(spec);
    EXPECT_TRUE(port.ok()) << port.status();
    return port.ok() ? *std::move(port) : Port();
  }
  // A connection of the port, with what it does not have from it.
  Connection AcceptOne(const Port& port, const ListenSpec& spec) {
    EXPECT_TRUE(client_.Connect(port.bound));
    EXPECT_TRUE(client_.Send("x"));  // for those that wait for data
    auto connection = kernel().Accept(port.fd, AcceptFor::kUnit);
    EXPECT_TRUE(connection.ok()) << connection.status();
    if (!connection.ok()) return {};
    kernel().HandOn(spec.options, *connection);
    return *std::move(connection);
  }

  Client client_;
};

TEST_F(OptionsTest, EachIsSetAndHandedOn) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  for (const OptionRow& row : kRows) {
    if (row.option == kPassPidfd && !Has("peer-pidfd")) continue;
    if (row.option == kAcceptFileDescriptors && !Has("pass-rights")) continue;
    SCOPED_TRACE(absl::StrCat(NameOf(row.option), " on ", static_cast<int>(row.on)));
    ListenSpec spec = SpecOf(row.on);
    spec.options = {{row.option, row.set, ""}};
    const Port port = Open(spec);
    ASSERT_TRUE(port.fd);
    EXPECT_THAT(port.warnings, IsEmpty());
    EXPECT_EQ(Read(port.fd, row.level, row.name), row.read);
    if (!row.accepted) continue;
    const Connection connection = AcceptOne(port, spec);
    ASSERT_TRUE(connection.fd);
    EXPECT_EQ(Read(connection.fd, row.level, row.name), row.read);
  }
}

TEST_F(OptionsTest, EachIsSetAndTakenBackOnAnOpenPort) {
  if (!IsRoot()) GTEST_SKIP() << "needs root";
  for (const OptionRow& row : kRows) {
    if (row.option == kPassPidfd && !Has("peer-pidfd")) continue;
    if (row.option == kAcceptFileDescriptors && !Has("pass-rights")) continue;
    SCOPED_TRACE(absl::StrCat(NameOf(row.option), " on ", static_cast<int>(row.on)));
    const ListenSpec bare = SpecOf(row.on);
    ListenSpec set = bare;
    set.options = {{row.option, row.set, ""}};
    const Port port = Open(bare);
    ASSERT_TRUE(port.fd);
    const int before = Read(port.fd, row.level, row.name);
    EXPECT_THAT(kernel().Reconfigure(port, bare, set), IsEmpty());
    EXPECT_EQ(Read(port.fd, row.level, row.name), row.read);
    EXPECT_THAT(kernel().Reconfigure(port, set, bare), IsEmpty());
    EXPECT_EQ(Read(port.fd, row.level, row.name), before);
  }
}

TEST_F(OptionsTest, TheAlgorithmOfCongestionIsTakenBack) {
  const ListenSpec bare = SpecOf(On::kTcp4);
  ListenSpec set = bare;
  set.options = {{kTcpCongestion, 0, "reno"}};
  const Port port = Open(set);
  const Port usual = Open(bare);
  EXPECT_THAT(kernel().Reconfigure(port, set, bare), IsEmpty());
  std::array<std::string, 2> names;
  for (const auto& [fd, name] : {std::pair(&port.fd, &names[0]), std::pair(&usual.fd, &names[1])}) {
    std::array<char, 16> text{};
    socklen_t length = text.size();
    ASSERT_EQ(getsockopt(fd->number(), IPPROTO_TCP, TCP_CONGESTION, text.data(), &length), 0);
    *name = text.data();
  }
  EXPECT_EQ(names[0], names[1]);
}

TEST_F(OptionsTest, APriorityHoldsBesideATypeOfService) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.options = {{kIpTos, 0x08, ""}, {kPriority, 4, ""}};
  const Port port = Open(spec);
  EXPECT_EQ(Read(port.fd, SOL_SOCKET, SO_PRIORITY), 4);
  EXPECT_EQ(Read(AcceptOne(port, spec).fd, SOL_SOCKET, SO_PRIORITY), 4);
}

TEST_F(OptionsTest, TheAlgorithmOfCongestionIsNamed) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.options = {{kTcpCongestion, 0, "reno"}};
  const Port port = Open(spec);
  const Connection connection = AcceptOne(port, spec);
  for (const Fd* fd : {&port.fd, &connection.fd}) {
    tcp_info info{};
    std::array<char, 16> name{};
    socklen_t length = name.size();
    ASSERT_EQ(getsockopt(fd->number(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &length), 0);
    EXPECT_STREQ(name.data(), "reno");
    length = sizeof(info);
    EXPECT_EQ(getsockopt(fd->number(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  }
}

TEST_F(OptionsTest, OptionsOfOtherKindsOfSocketsAreNoneOfTheirs) {
  for (const On on : {On::kTcp4, On::kUdp6, On::kUnix, On::kUnixDatagram, On::kNetlink}) {
    ListenSpec spec = SpecOf(on);
    spec.options = {{kKeepAlive, 1, ""},    {kNoDelay, 1, ""},        {kIpTtl, 9, ""},
                    {kBroadcast, 1, ""},    {kReusePort, 1, ""},      {kPassCredentials, 1, ""},
                    {kPassSecurity, 1, ""}, {kPassPacketInfo, 1, ""}, {kTcpCongestion, 0, "reno"},
                    {kPipeSize, 65536, ""}};
    EXPECT_THAT(Open(spec).warnings, IsEmpty()) << static_cast<int>(on);
  }
}

TEST_F(OptionsTest, WhatTheKernelRefusesIsAWarning) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.options = {{kKeepAliveProbes, 128, ""}, {kTcpCongestion, 0, "nosuch"}};
  const Port port = Open(spec);
  EXPECT_THAT(port.warnings, ElementsAre(HasSubstr("KeepAliveProbes=: not obeyed"),
                                         HasSubstr("TCPCongestion=: not obeyed")));
  EXPECT_TRUE(client_.Connect(port.bound));
}

TEST_F(OptionsTest, TheBacklogIsWhatWasAskedFor) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.backlog = 17;
  const Port port = Open(spec);
  tcp_info info{};
  socklen_t length = sizeof(info);
  ASSERT_EQ(getsockopt(port.fd.number(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_sacked, 17U);  // of a listener: the length of its queue
}

TEST_F(OptionsTest, TwoPortsShareAnAddressWithReusePort) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.options = {{kReusePort, 1, ""}};
  const Port first = Open(spec);
  spec.address = first.bound;
  EXPECT_TRUE(Open(spec).fd);
  spec.options.clear();
  EXPECT_EQ(ReasonOf(kernel().Listen(spec).status()), "PORT_IN_USE");
}

TEST_F(OptionsTest, FreeBindBindsWhatIsNotThereYet) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.address = Ipv4Address{{192, 0, 2, 1}, 0};
  spec.options = {{kFreeBind, 1, ""}};
  EXPECT_EQ(HostText(Open(spec).bound), "192.0.2.1");
}

TEST_F(OptionsTest, NoConnectionCountsBeforeItSpeaksWhereThatIsAsked) {
  ListenSpec spec = SpecOf(On::kTcp4);
  spec.options = {{kDeferAccept, 10, ""}};
  const Port port = Open(spec);
  ASSERT_TRUE(client_.Connect(port.bound));
  EXPECT_TRUE(absl::IsUnavailable(kernel().Accept(port.fd, AcceptFor::kUnit).status()));
  ASSERT_TRUE(client_.Send("x"));
  EXPECT_TRUE(kernel().Accept(port.fd, AcceptFor::kUnit).ok());
}

// Without the kernel's help each says so; with it, it is obeyed. Both are right.

// Without the kernel's help each says so; with it, it is obeyed. Both are right.
TEST_F(OptionsTest, LabelsAreSetOrSaidToBeMissing) {
  ListenSpec spec = SpecOf(On::kUnix);
  spec.options = {{kXattrEntryPoint, 0, "user.a=b"}, {kXattrListen, 0, "user.a=b"},
                  {kXattrAccept, 0, "user.a=b"},     {kSmackLabel, 0, "_"},
                  {kSmackLabelIpIn, 0, "_"},         {kSmackLabelIpOut, 0, "_"}};
  const Port port = Open(spec);
  size_t missing = 0;
  for (const std::string& warning : port.warnings) {
    missing += warning.find("since Linux 7.0") != std::string::npos ? 1U : 0U;
    missing += warning.find("this kernel has no Smack") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(missing, (Has("socket-xattrs") ? 0U : 3U) + (Has("smack") ? 0U : 3U));
  EXPECT_TRUE(AcceptOne(port, spec).fd);
}

}  // namespace
}  // namespace socketd
