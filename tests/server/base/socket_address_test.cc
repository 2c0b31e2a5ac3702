#include "server/base/socket_address.h"

#include <initializer_list>
#include <string>

#include "gtest/gtest.h"

namespace socketd {
namespace {

// An IPv6 address of eight groups.
Ipv6Address Groups(std::initializer_list<int> groups, uint16_t port = 80) {
  Ipv6Address address;
  size_t at = 0;
  for (const int group : groups) {
    address.octets[at++] = static_cast<uint8_t>(group >> 8);
    address.octets[at++] = static_cast<uint8_t>(group & 0xFF);
  }
  address.port = port;
  return address;
}

TEST(SocketAddress, TextOfEachKind) {
  EXPECT_EQ(ToText(SocketAddress{}), "");
  EXPECT_EQ(ToText(Ipv4Address{{1, 2, 3, 4}, 80}), "1.2.3.4:80");
  EXPECT_EQ(ToText(PathAddress{"/run/x"}), "/run/x");
  EXPECT_EQ(ToText(AbstractAddress{"name"}), "@name");
  EXPECT_EQ(ToText(AbstractAddress{std::string("a\0b", 3)}), "@a\\000b");
  EXPECT_EQ(ToText(VsockAddress{2, 80}), "vsock:2:80");
}

TEST(SocketAddress, AnIpv6ScopeFollowsThePort) {
  Ipv6Address address = Groups({0xFE80, 0, 0, 0, 0, 0, 0, 1});
  address.scope = "eth0";
  EXPECT_EQ(ToText(address), "[fe80::1]:80%eth0");
}

// RFC 5952, section 4.
TEST(SocketAddress, Rfc5952) {
  EXPECT_EQ(HostText(Groups({0, 0, 0, 0, 0, 0, 0, 0})), "::");
  EXPECT_EQ(HostText(Groups({0, 0, 0, 0, 0, 0, 0, 1})), "::1");
  EXPECT_EQ(HostText(Groups({1, 0, 0, 0, 0, 0, 0, 0})), "1::");
  EXPECT_EQ(HostText(Groups({0x2001, 0xDB8, 0, 0, 0, 0, 2, 1})), "2001:db8::2:1");
  // 4.2.2: one group alone is not shortened.
  EXPECT_EQ(HostText(Groups({0x2001, 0xDB8, 0, 1, 1, 1, 1, 1})), "2001:db8:0:1:1:1:1:1");
  // 4.2.3: the longest run, and the first of equals.
  EXPECT_EQ(HostText(Groups({0x2001, 0, 0, 1, 0, 0, 0, 1})), "2001:0:0:1::1");
  EXPECT_EQ(HostText(Groups({0x2001, 0xDB8, 0, 0, 1, 0, 0, 1})), "2001:db8::1:0:0:1");
  // 4.3: lower case; 4.1: no leading zeros.
  EXPECT_EQ(HostText(Groups({0xABCD, 0xEF, 1, 2, 3, 4, 5, 6})), "abcd:ef:1:2:3:4:5:6");
}

TEST(SocketAddress, TheTextOfAMappedAddressShowsTheIpv4Part) {
  // RFC 5952, section 5.
  EXPECT_EQ(ToText(Groups({0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1})), "[::ffff:127.0.0.1]:80");
}

TEST(SocketAddress, RemoteAddrOfAMappedAddressIsIpv4) {
  const SocketAddress mapped = Groups({0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1});
  EXPECT_EQ(HostText(mapped), "127.0.0.1");
  EXPECT_EQ(PortText(mapped), "80");
  EXPECT_EQ(Unmapped(mapped), SocketAddress(Ipv4Address({{127, 0, 0, 1}, 80})));
  const SocketAddress plain = Groups({0x2001, 0, 0, 0, 0, 0xFFFF, 1, 1});
  EXPECT_EQ(Unmapped(plain), plain);
}

TEST(SocketAddress, HostAndPortOfTheOthers) {
  EXPECT_EQ(HostText(VsockAddress{2, 80}), "2");
  EXPECT_EQ(PortText(VsockAddress{2, 80}), "80");
  EXPECT_EQ(HostText(PathAddress{"/run/x"}), "/run/x");
  EXPECT_EQ(PortText(PathAddress{"/run/x"}), "");
  EXPECT_EQ(HostText(AbstractAddress{"x"}), "@x");
  EXPECT_EQ(PortText(SocketAddress{}), "");
}

}  // namespace
}  // namespace socketd
