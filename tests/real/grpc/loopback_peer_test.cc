#include "server/main/loopback_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

// A listener of 127.0.0.1 and one client of it, both in this process.
class LoopbackPeerTest : public testing::Test {
 protected:
  LoopbackPeerTest() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    EXPECT_EQ(connect(client_, generic, size), 0);
    connection_.local = Ipv4Address{{127, 0, 0, 1}, ntohs(address.sin_port)};
    EXPECT_EQ(getsockname(client_, generic, &size), 0);
    connection_.remote = Ipv4Address{{127, 0, 0, 1}, ntohs(address.sin_port)};
  }
  ~LoopbackPeerTest() override {
    close(listener_);
    if (client_ >= 0) close(client_);
  }

  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Connection connection_;
};

TEST_F(LoopbackPeerTest, TheClientsUserIsFound) {
  const absl::StatusOr<uint32_t> uid = UidOfLoopbackPeer(connection_);
  ASSERT_TRUE(uid.ok()) << uid.status();
  EXPECT_EQ(*uid, geteuid());
}

TEST_F(LoopbackPeerTest, WhoHasLeftIsNotTakenForRoot) {
  close(client_);
  client_ = -1;
  EXPECT_FALSE(UidOfLoopbackPeer(connection_).ok());
}

TEST_F(LoopbackPeerTest, OtherAddressesAreUnknown) {
  Connection other;
  other.local = PathAddress{"/run/x"};
  EXPECT_EQ(ReasonOf(UidOfLoopbackPeer(other).status()), "CALLER_UNKNOWN");
}

}  // namespace
}  // namespace socketd
