#include "server/unit/notify_message.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using testing::Eq;
using testing::Optional;

TEST(NotifyMessageTest, ReadsEveryField) {
  const NotifyMessage message = ParseNotifyMessage(
      "READY=1\nSTATUS=Serving 3 clients\nMAINPID=4711\nMAINPIDFDID=99999999999\n"
      "EXTEND_TIMEOUT_USEC=2500000\nMONOTONIC_USEC=17\nERRNO=2\nSTOPPING=1\nRELOADING=1\n");
  EXPECT_TRUE(message.ready);
  EXPECT_TRUE(message.stopping);
  EXPECT_TRUE(message.reloading);
  EXPECT_THAT(message.status, Optional(Eq("Serving 3 clients")));
  EXPECT_THAT(message.main_pid, Optional(4711));
  EXPECT_THAT(message.main_pidfd_id, Optional(99999999999U));
  EXPECT_THAT(message.extended, Optional(absl::Milliseconds(2500)));
  EXPECT_THAT(message.sent_at, Optional(absl::Microseconds(17)));
  EXPECT_THAT(message.error, Optional(2));
  EXPECT_FALSE(message.barrier);
  EXPECT_EQ(message.bad_lines, 0U);
}

TEST(NotifyMessageTest, ReadsWhatIsToBeDoneWithDescriptors) {
  const NotifyMessage stores = ParseNotifyMessage("FDSTORE=1\nFDNAME=a client\nFDPOLL=0");
  EXPECT_TRUE(stores.store);
  EXPECT_FALSE(stores.store_remove);
  EXPECT_FALSE(stores.fd_poll);
  EXPECT_THAT(stores.fd_name, Optional(Eq("a client")));
  const NotifyMessage removes = ParseNotifyMessage("FDSTOREREMOVE=1\nFDNAME=x\nFDPOLL=1\n");
  EXPECT_TRUE(removes.store_remove);
  EXPECT_FALSE(removes.store);
  EXPECT_TRUE(removes.fd_poll);
  EXPECT_EQ(stores.bad_lines + removes.bad_lines, 0U);
}

TEST(NotifyMessageTest, ANameOfADescriptorThatIsNoneIsLeftOut) {
  for (const std::string& name : {std::string("a:b"), std::string("\x7f"), std::string("\x01"),
                                  std::string("\xc3\xa4"), std::string(), std::string(256, 'x')}) {
    const NotifyMessage message = ParseNotifyMessage("FDSTORE=1\nFDNAME=" + name);
    EXPECT_TRUE(message.store);
    EXPECT_FALSE(message.fd_name.has_value()) << name;
    EXPECT_EQ(message.bad_lines, 1U);
  }
  EXPECT_TRUE(ParseNotifyMessage("FDNAME=" + std::string(255, 'x')).fd_name.has_value());
  EXPECT_EQ(ParseNotifyMessage("FDSTORE=yes\nFDSTOREREMOVE=0\nFDPOLL=2").bad_lines, 3U);
}

TEST(NotifyMessageTest, BadLinesAreCountedAndTheRestHolds) {
  const NotifyMessage message = ParseNotifyMessage(
      "READY=0\nMAINPID=-1\nMAINPID= 7\nMAINPID=0\nMAINPID=99999999999\nnonsense\n=x\n"
      "EXTEND_TIMEOUT_USEC=0\nSTATUS=\xff\nSTOPPING=1");
  EXPECT_FALSE(message.ready);
  EXPECT_FALSE(message.main_pid.has_value());
  EXPECT_FALSE(message.status.has_value());
  EXPECT_TRUE(message.stopping);
  EXPECT_EQ(message.bad_lines, 9U);
}

TEST(NotifyMessageTest, UnknownNamesAreNoMistake) {
  const NotifyMessage message = ParseNotifyMessage("X_VENDOR=1\nWATCHDOG=1\nREADY=1");
  EXPECT_TRUE(message.ready);
  EXPECT_EQ(message.bad_lines, 0U);
}

TEST(NotifyMessageTest, TheFirstOfRepeatedNamesCounts) {
  const NotifyMessage message = ParseNotifyMessage("STATUS=one\nSTATUS=two\nMAINPID=1\nMAINPID=2");
  EXPECT_THAT(message.status, Optional(Eq("one")));
  EXPECT_THAT(message.main_pid, Optional(1));
}

TEST(NotifyMessageTest, ABarrierStandsAlone) {
  EXPECT_TRUE(ParseNotifyMessage("BARRIER=1").barrier);
  EXPECT_TRUE(ParseNotifyMessage("BARRIER=1\n").barrier);
  const NotifyMessage beside = ParseNotifyMessage("READY=1\nBARRIER=1");
  EXPECT_FALSE(beside.barrier);
  EXPECT_TRUE(beside.ready);
  EXPECT_EQ(beside.bad_lines, 1U);
  EXPECT_EQ(ParseNotifyMessage("BARRIER=0").bad_lines, 1U);
}

TEST(NotifyMessageTest, StatusMayBeEmpty) {
  EXPECT_THAT(ParseNotifyMessage("STATUS=").status, Optional(Eq("")));
}

TEST(NotifyMessageTest, TooLongIsIgnoredAsAWhole) {
  const std::string longest = "READY=1\nX=" + std::string(kNotifyMessageLimit - 10, 'x');
  EXPECT_TRUE(ParseNotifyMessage(longest).ready);
  const NotifyMessage message = ParseNotifyMessage(longest + "x");
  EXPECT_FALSE(message.ready);
  EXPECT_EQ(message.bad_lines, 1U);
}

TEST(NotifyMessageTest, ANulIsAllowedAtTheEndOnly) {
  EXPECT_TRUE(ParseNotifyMessage(absl::string_view("READY=1\0", 8)).ready);
  const NotifyMessage message = ParseNotifyMessage(absl::string_view("READY=1\0STOPPING=1", 18));
  EXPECT_FALSE(message.ready);
  EXPECT_EQ(message.bad_lines, 1U);
}

TEST(NotifyMessageTest, NothingSaysNothing) {
  const NotifyMessage message = ParseNotifyMessage("");
  EXPECT_FALSE(message.ready);
  EXPECT_EQ(message.bad_lines, 0U);
}

}  // namespace
}  // namespace socketd
