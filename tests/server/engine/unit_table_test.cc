#include "server/engine/unit_table.h"

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(InstanceName, TellsBothEndsOfAnIpConnection) {
  Connection connection;
  connection.cookie = 17;
  connection.local = Ipv4Address{{10, 0, 0, 1}, 80};
  connection.remote = Ipv4Address{{10, 0, 0, 2}, 4711};
  EXPECT_EQ(InstanceName(4, connection), "4-17-10.0.0.1:80-10.0.0.2:4711");
}

TEST(InstanceName, TellsProcessAndUserOfAUnixConnection) {
  Connection connection;
  connection.cookie = 17;
  connection.local = PathAddress{"/run/web"};
  connection.peer.pid = 4711;
  connection.peer.uid = 1000;
  EXPECT_EQ(InstanceName(0, connection), "0-17-4711-1000");
  connection.peer.pid = 0;  // in another pid namespace
  EXPECT_EQ(InstanceName(1, connection), "1-17-unknown");
}

}  // namespace
}  // namespace socketd
