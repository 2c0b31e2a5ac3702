#include "server/main/supervisor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

// Listens at an abstract address that the kernel has chosen (unix(7), autobind).
class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const size_t length = size - offsetof(sockaddr_un, sun_path);
    address_ = absl::StrCat("@", std::string(address.sun_path + 1, length - 1));
  }
  ~SupervisorTest() override { close(socket_); }

  // The next message; `number`: what came with it, or -1.
  std::string Receive(int* number) const {
    std::array<char, 4096> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *number = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr)
      std::memcpy(number, CMSG_DATA(header), sizeof(int));
    return std::string(text.data(), length < 0 ? 0 : static_cast<size_t>(length));
  }

  const int socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string address_;
};

TEST_F(SupervisorTest, ItIsToldInWords) {
  const Supervisor supervisor(address_);
  supervisor.Tell("READY=1\nMAINPID=17");
  supervisor.Forget("bag");
  int number = 0;
  EXPECT_EQ(Receive(&number), "READY=1\nMAINPID=17");
  EXPECT_EQ(Receive(&number), "FDSTOREREMOVE=1\nFDNAME=bag");
  EXPECT_EQ(number, -1);
}

TEST_F(SupervisorTest, WhatItIsToHoldComesAlong) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(Supervisor(address_).Store(null, "bag").ok());
  close(null);
  int number = 0;
  EXPECT_EQ(Receive(&number), "FDSTORE=1\nFDPOLL=0\nFDNAME=bag");
  ASSERT_GE(number, 0);
  struct stat held{};
  struct stat expected{};
  EXPECT_EQ(fstat(number, &held), 0);
  EXPECT_EQ(stat("/dev/null", &expected), 0);
  EXPECT_EQ(held.st_rdev, expected.st_rdev);
  close(number);
}

TEST_F(SupervisorTest, WithNobodyAboveNothingCanBeHeld) {
  Supervisor("").Tell("READY=1");
  EXPECT_FALSE(Supervisor("").Store(STDIN_FILENO, "bag").ok());
  EXPECT_FALSE(Supervisor("/nobody/is/here").Store(STDIN_FILENO, "bag").ok());
  EXPECT_FALSE(Supervisor(std::string(200, 'x')).Store(STDIN_FILENO, "bag").ok());
}

}  // namespace
}  // namespace socketd
