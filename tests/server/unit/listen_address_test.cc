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

SocketAddress Parsed(absl::string_view text, ListenKind kind = ListenKind::kStream) {
  const auto address = ParseListenAddress(kind, text);
  EXPECT_THAT(address, IsOk()) << text;
  return address.ok() ? *address : SocketAddress();
}

// What a text is understood as; nullptr: refused.
struct Vector {
  ListenKind kind;
  std::string text;
  const char* meaning;
};

using enum ListenKind;

const Vector kVectors[] = {
    // Paths and abstract names.
    {kStream, "/run/x.sock", "/run/x.sock"},
    {kStream, "/run/with a blank", "/run/with a blank"},
    {kStream, "/" + std::string(107, 'x'), nullptr},
    {kStream, "/", nullptr},
    {kStream, "relative/path", nullptr},
    {kStream, std::string("/a\0b", 4), nullptr},
    {kStream, "@abstract", "@abstract"},
    {kStream, "@with/slash", "@with/slash"},
    {kStream, "@", nullptr},
    {kDatagram, "@" + std::string(108, 'x'), nullptr},
    // A port alone: IPv6 any.
    {kStream, "1", "[::]:1"},
    {kStream, "80", "[::]:80"},
    {kStream, "65535", "[::]:65535"},
    {kDatagram, "514", "[::]:514"},
    {kStream, "0", nullptr},
    {kStream, "65536", nullptr},
    {kStream, "-1", nullptr},
    {kStream, "+80", nullptr},
    {kStream, " 80", nullptr},
    {kStream, "0x50", nullptr},
    {kStream, "99999999999999999999", nullptr},
    {kStream, "", nullptr},
    // IPv4.
    {kStream, "127.0.0.1:80", "127.0.0.1:80"},
    {kStream, "0.0.0.0:65535", "0.0.0.0:65535"},
    {kStream, "127.0.0.1:0", "127.0.0.1:0"},
    {kDatagram, "255.255.255.255:67", "255.255.255.255:67"},
    {kStream, "1.2.3:80", nullptr},
    {kStream, "1.2.3.4.5:80", nullptr},
    {kStream, "1.2.3.256:80", nullptr},
    {kStream, "1.2.3.04:80", nullptr},
    {kStream, "1.2.3.4:", nullptr},
    {kStream, "1.2.3.4:65536", nullptr},
    {kStream, "1.2.3.4:8x", nullptr},
    {kStream, "1.2.3.4", nullptr},
    // IPv6, the scope after the port.
    {kStream, "[::1]:80", "[::1]:80"},
    {kStream, "[::]:0", "[::]:0"},
    {kStream, "[2001:db8::7]:1", "[2001:db8::7]:1"},
    {kStream, "[2001:DB8:0:0:0:0:0:7]:1", "[2001:db8::7]:1"},
    {kStream, "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1"},
    {kStream, "[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1"},
    {kStream, "[fe80::1]:80%eth0", "[fe80::1]:80%eth0"},
    {kStream, "[fe80::1]:80%2", "[fe80::1]:80%2"},
    {kStream, "[fe80::1]:80%enp0s31f6.100", "[fe80::1]:80%enp0s31f6.100"},
    {kStream, "[fe80::1%eth0]:80", nullptr},
    {kStream, "[::1]:80%", nullptr},
    {kStream, "[::1]:80%a b", nullptr},
    {kStream, "[::1]:80%a/b", nullptr},
    {kStream, "[::1]:80%abcdefghijklmnop", nullptr},
    {kStream, "[::1]", nullptr},
    {kStream, "[::1]:", nullptr},
    {kStream, "[::1:80", nullptr},
    {kStream, "[]:80", nullptr},
    {kStream, "[1::2::3]:80", nullptr},
    {kStream, "[1:2:3:4:5:6:7:8:9]:80", nullptr},
    {kStream, "[1:2:3:4:5:6:7::8]:80", nullptr},
    {kStream, "[12345::]:80", nullptr},
    {kStream, "[g::]:80", nullptr},
    {kStream, "[:1]:80", nullptr},
    {kStream, "[::0x1]:80", nullptr},
    {kStream, "::1:80", nullptr},
    // vsock; no cid: any.
    {kStream, "vsock:2:1024", "vsock:2:1024"},
    {kStream, "vsock::1024", "vsock:4294967295:1024"},
    {kStream, "vsock:4294967295:4294967295", "vsock:4294967295:4294967295"},
    {kStream, "vsock:", nullptr},
    {kStream, "vsock:2", nullptr},
    {kStream, "vsock:2:3:4", nullptr},
    {kStream, "vsock:x:1", nullptr},
    {kStream, "vsock:2:4294967296", nullptr},
    // Names are not looked up, variables not replaced.
    {kStream, "example.com:80", nullptr},
    {kStream, "localhost:80", nullptr},
    {kStream, "http", nullptr},
    {kStream, "*:80", nullptr},
    {kStream, "${PORT}", nullptr},
    {kStream, "tcp://127.0.0.1:80", nullptr},
    // Sequential packets: unix only.
    {kSequentialPacket, "@x", "@x"},
    {kSequentialPacket, "/run/s", "/run/s"},
    {kSequentialPacket, "80", nullptr},
    {kSequentialPacket, "[::1]:80", nullptr},
    {kSequentialPacket, "vsock:2:1", nullptr},
    // FIFOs: not below /proc, /sys and /dev; longer than a socket's path may be.
    {kFifo, "/run/fifo", "/run/fifo"},
    {kFifo, "/devices", "/devices"},
    {kFifo, "/dev", nullptr},
    {kFifo, "/dev/x", nullptr},
    {kFifo, "/proc/x", nullptr},
    {kFifo, "/sys/x", nullptr},
    {kFifo, "80", nullptr},
    {kFifo, "@x", nullptr},
    {kFifo, "/", nullptr},
    // Special files.
    {kSpecial, "/dev/input/event0", "/dev/input/event0"},
    {kSpecial, "/proc/self/mounts", "/proc/self/mounts"},
    {kSpecial, "dev/x", nullptr},
    {kSpecial, "/", nullptr},
    // Netlink: a family by name or number, and perhaps a mask of groups.
    {kNetlink, "kobject-uevent 1", "kobject-uevent 1"},
    {kNetlink, "audit 1", "audit 1"},
    {kNetlink, "route 1361", "route 1361"},
    {kNetlink, "route", "route 0"},
    {kNetlink, "16", "generic 0"},
    {kNetlink, "2 1", "2 1"},
    {kNetlink, "route\t 4294967295", "route 4294967295"},
    {kNetlink, "route 4294967296", nullptr},
    {kNetlink, "route 1 2", nullptr},
    {kNetlink, "route x", nullptr},
    {kNetlink, "32", nullptr},
    {kNetlink, "nosuch 1", nullptr},
    {kNetlink, "", nullptr},
    // Message queues.
    {kMessageQueue, "/queue", "/queue"},
    {kMessageQueue, "/" + std::string(256, 'q'), nullptr},
    {kMessageQueue, "/a/b", nullptr},
    {kMessageQueue, "queue", nullptr},
    {kMessageQueue, "/", nullptr},
    {kMessageQueue, "/..", nullptr},
    // FunctionFS.
    {kUsbFunction, "/dev/ffs", "/dev/ffs"},
    {kUsbFunction, "ffs", nullptr},
};

TEST(ListenAddress, EveryVectorMeansWhatItShould) {
  for (const Vector& vector : kVectors) {
    const auto address = ParseListenAddress(vector.kind, vector.text);
    if (vector.meaning == nullptr) {
      EXPECT_THAT(address, FailsBecause("BAD_ADDRESS")) << vector.text;
    } else if (!address.ok()) {
      ADD_FAILURE() << vector.text << ": " << address.status();
    } else {
      EXPECT_EQ(ToText(*address), vector.meaning);
    }
  }
}

TEST(ListenAddress, ThePathOfASocketMayHave107Bytes) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(ToText(Parsed(longest)), longest);
  EXPECT_EQ(ToText(Parsed(longest + "x", kFifo)), longest + "x");
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

}  // namespace
}  // namespace socketd
