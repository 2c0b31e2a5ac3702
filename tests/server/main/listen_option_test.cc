#include "server/main/listen_option.h"

#include <string>
#include <variant>

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

TEST(ListenOptionTest, AUnixSocketIsForItsOwnerOnly) {
  const absl::StatusOr<ListenSpec> spec = ParseListenOption("unix:/run/x.sock");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(std::get<PathAddress>(spec->address).path, "/run/x.sock");
  EXPECT_EQ(spec->mode, 0600U);
}

TEST(ListenOptionTest, TcpIsTakenOnLoopback) {
  EXPECT_EQ(ToText(ParseListenOption("tcp:127.0.0.1:5300")->address), "127.0.0.1:5300");
  EXPECT_EQ(ToText(ParseListenOption("tcp:127.1.2.3:0")->address), "127.1.2.3:0");
  EXPECT_EQ(ToText(ParseListenOption("tcp:localhost:5300")->address), "127.0.0.1:5300");
  EXPECT_EQ(ToText(ParseListenOption("tcp:[::1]:5300")->address), "[::1]:5300");
}

TEST(ListenOptionTest, OtherHostsAreRefusedWithTheReason) {
  for (const char* text :
       {"tcp:0.0.0.0:5300", "tcp:[::]:5300", "tcp:192.0.2.1:1", "tcp:example.org:1"}) {
    const absl::Status status = ParseListenOption(text).status();
    EXPECT_EQ(ReasonOf(status), "BAD_LISTEN_ADDRESS") << text;
    EXPECT_NE(status.message().find("not encrypted"), absl::string_view::npos) << text;
  }
}

TEST(ListenOptionTest, NonsenseIsRefused) {
  const std::string too_long = "unix:/" + std::string(107, 'x');
  for (const char* text :
       {"", "/run/x", "unix:", "unix:x", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:70000",
        "tcp:127.0.0.1:x", "udp:127.0.0.1:1", too_long.c_str()})
    EXPECT_EQ(ReasonOf(ParseListenOption(text).status()), "BAD_LISTEN_ADDRESS") << text;
}

}  // namespace
}  // namespace socketd
