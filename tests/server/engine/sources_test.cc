#include "server/engine/sources.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

Connection From(SocketAddress remote, uint32_t uid = 0) {
  Connection connection;
  connection.remote = std::move(remote);
  connection.peer.uid = uid;
  return connection;
}

SocketAddress Ipv4(uint8_t third, uint8_t last) {
  return Ipv4Address{{10, 0, third, last}, 5000};
}

SocketAddress Ipv6(uint8_t first, uint8_t sixth, uint8_t last, std::string scope = "") {
  Ipv6Address address;
  address.octets[0] = first;
  address.octets[1] = 0x80;
  address.octets[5] = sixth;
  address.octets[15] = last;
  address.scope = std::move(scope);
  return address;
}

SocketAddress Mapped(uint8_t third, uint8_t last) {
  Ipv6Address address;
  address.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, third, last};
  return address;
}

bool Same(const SocketAddress& left, const SocketAddress& right, const SourceLimit& limit = {}) {
  return SourceOf(From(left), limit) == SourceOf(From(right), limit);
}

TEST(SourceOf, TellsIpv4HostsApartUnlessTheyShareTheNetwork) {
  EXPECT_TRUE(Same(Ipv4(0, 1), Ipv4(0, 1)));
  EXPECT_FALSE(Same(Ipv4(0, 1), Ipv4(0, 2)));
  EXPECT_TRUE(Same(Ipv4(0, 1), Ipv4(0, 2), {1, 24, 64}));
  EXPECT_FALSE(Same(Ipv4(0, 1), Ipv4(1, 1), {1, 24, 64}));
  EXPECT_TRUE(Same(Ipv4(2, 1), Ipv4(3, 1), {1, 23, 64}));
  EXPECT_FALSE(Same(Ipv4(1, 1), Ipv4(2, 1), {1, 23, 64}));
  EXPECT_TRUE(Same(Ipv4(0, 1), Ipv4(200, 99), {1, 0, 64}));
}

TEST(SourceOf, TellsIpv6NetworksApart) {
  EXPECT_TRUE(Same(Ipv6(0x20, 1, 1), Ipv6(0x20, 1, 2)));
  EXPECT_FALSE(Same(Ipv6(0x20, 1, 1), Ipv6(0x20, 2, 1)));
  EXPECT_FALSE(Same(Ipv6(0x20, 1, 1), Ipv6(0x20, 1, 2), {1, 32, 128}));
  EXPECT_TRUE(Same(Ipv6(0x20, 1, 1), Ipv6(0x20, 2, 1), {1, 32, 40}));
}

TEST(SourceOf, TakesAMappedAddressForWhatItMaps) {
  EXPECT_TRUE(Same(Mapped(0, 1), Ipv4(0, 1)));
  EXPECT_FALSE(Same(Mapped(0, 1), Mapped(0, 2)));
  EXPECT_TRUE(Same(Mapped(0, 1), Ipv4(0, 2), {1, 24, 64}));
}

TEST(SourceOf, CountsEachLinkLocalHostByItself) {
  EXPECT_FALSE(Same(Ipv6(0xFE, 0, 1, "eth0"), Ipv6(0xFE, 0, 2, "eth0")));
  EXPECT_FALSE(Same(Ipv6(0xFE, 0, 1, "eth0"), Ipv6(0xFE, 0, 1, "eth1"), {1, 32, 0}));
}

TEST(SourceOf, KnowsVsockPeersByCidAndOthersByUser) {
  EXPECT_TRUE(Same(VsockAddress{3, 100}, VsockAddress{3, 200}));
  EXPECT_FALSE(Same(VsockAddress{3, 100}, VsockAddress{4, 100}));
  EXPECT_EQ(SourceOf(From({}, 1000), {}), SourceOf(From(PathAddress{"/x"}, 1000), {}));
  EXPECT_NE(SourceOf(From({}, 1000), {}), SourceOf(From({}, 1001), {}));
}

TEST(SourceOf, DoesNotMixTheKinds) {
  EXPECT_FALSE(Same(Ipv4(0, 1), Ipv6(0x20, 0, 1), {1, 0, 0}));
  EXPECT_NE(SourceOf(From(VsockAddress{7, 1}), {}), SourceOf(From({}, 7), {}));
}

TEST(Sources, CountAsLongAsTheHoldsLive) {
  Sources sources;
  Sources::Hold first = sources.Take("a");
  {
    const Sources::Hold second = sources.Take("a");
    const Sources::Hold other = sources.Take("b");
    EXPECT_EQ(sources.Count("a"), 2U);
    EXPECT_EQ(sources.Count("b"), 1U);
  }
  EXPECT_EQ(sources.Count("a"), 1U);
  EXPECT_EQ(sources.Count("b"), 0U);
  first = Sources::Hold();
  EXPECT_EQ(sources.Count("a"), 0U);
}

TEST(Sources, MayGoBeforeTheirHolds) {
  auto sources = std::make_unique<Sources>();
  Sources::Hold hold = sources->Take("a");
  const Sources::Hold moved = std::move(hold);
  sources.reset();
}

}  // namespace
}  // namespace socketd
