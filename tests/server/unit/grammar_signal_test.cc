#include "server/unit/grammar_signal.h"

#include <signal.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using testing::FailsBecause;
using testing::IsOkAndHolds;

TEST(Signal, HasNamesAndNumbers) {
  EXPECT_THAT(ParseSignal("SIGTERM"), IsOkAndHolds(SIGTERM));
  EXPECT_THAT(ParseSignal("TERM"), IsOkAndHolds(SIGTERM));
  EXPECT_THAT(ParseSignal("9"), IsOkAndHolds(SIGKILL));
  EXPECT_THAT(ParseSignal("SIGRTMIN+3"), IsOkAndHolds(37U));
  EXPECT_THAT(ParseSignal("RTMAX-1"), IsOkAndHolds(63U));
  for (const char* bad : {"", "0", "65", "SIG", "term", "RTMIN+31", "RTMIN-1", "SIGFOO", "-9"})
    EXPECT_THAT(ParseSignal(bad), FailsBecause("BAD_VALUE")) << bad;
}

TEST(Signal, NumbersAreThisMachines) {
  EXPECT_THAT(ParseSignal("USR1"), IsOkAndHolds(SIGUSR1));
  EXPECT_THAT(ParseSignal("CHLD"), IsOkAndHolds(SIGCHLD));
  EXPECT_THAT(ParseSignal("STOP"), IsOkAndHolds(SIGSTOP));
  EXPECT_THAT(ParseSignal("VTALRM"), IsOkAndHolds(SIGVTALRM));
  EXPECT_THAT(ParseSignal("SYS"), IsOkAndHolds(SIGSYS));
}

TEST(Signal, EveryNumberComesBack) {
  for (uint32_t signal = 1; signal <= 64; ++signal)
    EXPECT_THAT(ParseSignal(SignalName(signal)), IsOkAndHolds(signal)) << SignalName(signal);
  EXPECT_EQ(SignalName(SIGTERM), "SIGTERM");
}

TEST(ExitStatus, IsANumberANameOrASignal) {
  const auto text = [](absl::string_view written) {
    const auto status = ParseExitStatus(written);
    return status.ok() ? FormatExitStatus(*status) : "bad";
  };
  EXPECT_EQ(text("0"), "0");
  EXPECT_EQ(text("255"), "255");
  EXPECT_EQ(text("TEMPFAIL"), "75");
  EXPECT_EQ(text("CHDIR"), "200");
  EXPECT_EQ(text("SIGKILL"), "SIGKILL");
  EXPECT_EQ(text("HUP"), "SIGHUP");
  for (const char* bad : {"", "256", "-1", "NOSUCH"})
    EXPECT_EQ(text(bad), "bad") << bad;
}

}  // namespace
}  // namespace socketd
