#include "server/unit/listen_address.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOk;

SocketAddress Parsed(absl::string_view text) {
  const auto address = ParseListenAddress(text);
  EXPECT_THAT(address, IsOk()) << text;
  return address.ok() ? *address : SocketAddress();
}

TEST(ListenAddress, TextComesBack) {
  for (const char* text : {"/run/x.sock", "@abstract", "127.0.0.1:80", "0.0.0.0:65535", "[::1]:80",
                           "[fe80::1]:80%eth0", "[2001:db8::7]:1", "vsock:2:1024"}) {
    EXPECT_EQ(ToText(Parsed(text)), text);
  }
}

TEST(ListenAddress, ABarePortIsIpv6Any) {
  const auto address = std::get<Ipv6Address>(Parsed("8080"));
  EXPECT_EQ(address.port, 8080);
  EXPECT_TRUE(address.ipv4_if_no_ipv6);
  EXPECT_EQ(address.octets, (std::array<uint8_t, 16>{}));
}

TEST(ListenAddress, Ipv6HasManySpellings) {
  const auto octets = [](absl::string_view text) {
    return std::get<Ipv6Address>(Parsed(text)).octets;
  };
  EXPECT_EQ(octets("[1:2:3:4:5:6:7:8]:1"), octets("[0001:0002:3:4:5:6:0.7.0.8]:1"));
  EXPECT_EQ(octets("[1::8]:1"), octets("[1:0:0:0:0:0:0:8]:1"));
  EXPECT_EQ(octets("[::]:1"), octets("[0:0:0:0:0:0:0:0]:1"));
  EXPECT_EQ(octets("[::ffff:1.2.3.4]:1"), octets("[::FFFF:102:304]:1"));
}

TEST(ListenAddress, PortZeroIsForTheKernelToChoose) {
  EXPECT_EQ(std::get<Ipv4Address>(Parsed("127.0.0.1:0")).port, 0);
  EXPECT_EQ(std::get<Ipv6Address>(Parsed("[::1]:0")).port, 0);
  EXPECT_EQ(std::get<VsockAddress>(Parsed("vsock::7")).cid, 0xFFFFFFFFU);
}

TEST(ListenAddress, RefusesTheRest) {
  for (const char* bad : {"",
                          "/",
                          "@",
                          "0",
                          "65536",
                          "-1",
                          "x",
                          "1.2.3:80",
                          "1.2.3.256:80",
                          "1.2.3.04:80",
                          "1.2.3.4:",
                          "1.2.3.4:65536",
                          "1.2.3.4:8x",
                          "[::1]",
                          "[::1]:",
                          "[::1]:80%",
                          "[::1]:80%a b",
                          "[::1:80",
                          "[1::2::3]:80",
                          "[1:2:3:4:5:6:7:8:9]:80",
                          "[1:2:3:4:5:6:7::8]:80",
                          "[12345::]:80",
                          "[g::]:80",
                          "[:1]:80",
                          "[::0x1]:80",
                          "::1:80",
                          "vsock:",
                          "vsock:2",
                          "vsock:2:3:4",
                          "vsock:x:1",
                          "99999999999999999999",
                          "example.com:80"}) {
    EXPECT_THAT(ParseListenAddress(bad), FailsBecause("BAD_ADDRESS")) << bad;
  }
}

TEST(ListenAddress, KindsHaveTheirAddresses) {
  const auto check = [](ListenKind kind, absl::string_view text) {
    return CheckListenKind(kind, Parsed(text));
  };
  EXPECT_THAT(check(ListenKind::kSequentialPacket, "@x"), IsOk());
  EXPECT_THAT(check(ListenKind::kSequentialPacket, "80"), FailsBecause("BAD_ADDRESS"));
  EXPECT_THAT(check(ListenKind::kFifo, "/run/fifo"), IsOk());
  EXPECT_THAT(check(ListenKind::kFifo, "80"), FailsBecause("BAD_ADDRESS"));
  EXPECT_THAT(check(ListenKind::kFifo, "/dev/x"), FailsBecause("BAD_ADDRESS"));
  EXPECT_THAT(check(ListenKind::kFifo, "/devices"), IsOk());
  EXPECT_THAT(check(ListenKind::kFifo, "/" + std::string(200, 'x')), IsOk());
  EXPECT_THAT(check(ListenKind::kStream, "/" + std::string(106, 'x')), IsOk());
  EXPECT_THAT(check(ListenKind::kStream, "/" + std::string(107, 'x')), FailsBecause("BAD_ADDRESS"));
  EXPECT_THAT(check(ListenKind::kDatagram, "@" + std::string(108, 'x')),
              FailsBecause("BAD_ADDRESS"));
}

}  // namespace
}  // namespace socketd
