// The daemon as a whole: its end, several of them, and one without root.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

void WriteEcho(const Place& place) {
  place.WriteUnit("echo.socket", absl::StrCat("[Socket]\nListenStream=", place.root(),
                                              "/echo\nAccept=yes\nRemoveOnStop=yes\n"));
  place.WriteUnit("echo@.service", "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n");
}

class ShutdownTest : public DaemonTest {
 protected:
  std::string mark() const { return "SOCKETD_TEST=" + place().root(); }
  std::string Line(const std::string& text) const {
    return absl::StrCat("/bin/sh -c 'echo ", text, " >>", place().root(), "/order'\n");
  }
};

TEST_F(ShutdownTest, SigtermStopsEverythingInOrderAndLeavesNothing) {
  WriteEcho(place());
  place().WriteUnit(
      "base.service",
      absl::StrCat("[Service]\nType=exec\nExecStart=/bin/sleep infinity\nEnvironment=", mark(),
                   "\nExecStopPost=", Line("base")));
  place().WriteUnit("top.service",
                    absl::StrCat("[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\n"
                                 "Type=exec\nExecStart=/bin/sleep infinity\nEnvironment=",
                                 mark(), "\nExecStopPost=", Line("top")));
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("top.service").ok());
  ASSERT_TRUE(client().Start("echo.socket").ok());
  const auto talk = Conversation::Open(place().root() + "/echo");
  ASSERT_TRUE(talk.ok() && talk->Say("hello"));
  ASSERT_EQ(talk->Hear(), "hello");
  ASSERT_THAT(WithEnvironment(mark()), SizeIs(2));
  const std::string api = daemon().api_path();

  const absl::StatusOr<int> status = daemon().Stop();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(*status, 0);
  EXPECT_EQ(FileText(place().root() + "/order"), "top\nbase\n");
  EXPECT_THAT(WithEnvironment(mark()), IsEmpty());
  EXPECT_EQ(talk->Hear(), "");
  EXPECT_FALSE(fs::exists(place().root() + "/echo"));
  EXPECT_FALSE(fs::exists(api));
}

TEST_F(ShutdownTest, SighupReadsUnitFilesAnew) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_FALSE(client().Start("late.service").ok());
  place().WriteUnit("late.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
  const auto watcher = client().Watch();
  daemon().Signal(SIGHUP);
  // A start that comes after the reload works; the reload has no event of its own to wait for.
  absl::Status started = client().Start("late.service");
  for (int turn = 0; turn < 1000 && !started.ok(); ++turn)
    started = client().Start("late.service");
  EXPECT_TRUE(started.ok()) << started;
}

TEST_F(ShutdownTest, SeveralDaemonsDoNotMeet) {
  Place other_place;
  DaemonProcess other(other_place);
  WriteEcho(place());
  WriteEcho(other_place);
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(other.Start().ok());
  ApiClient other_client(other.api_address());
  ASSERT_TRUE(client().Start("echo.socket").ok());
  ASSERT_TRUE(other_client.Start("echo.socket").ok());
  EXPECT_EQ(Ask(place().root() + "/echo", "one"), "one");
  EXPECT_EQ(Ask(other_place.root() + "/echo", "two"), "two");
  ASSERT_TRUE(other.Stop().ok());
  EXPECT_EQ(Ask(place().root() + "/echo", "three"), "three");
}

TEST_F(ShutdownTest, ASecondDaemonDoesNotTakeTheFirstOnesSocket) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  DaemonProcess second(place());
  EXPECT_FALSE(second.Start().ok());
  EXPECT_TRUE(client().Reload().ok());
}

TEST_F(ShutdownTest, WithoutRootItListensAndActivates) {
  WriteEcho(place());
  place().WriteUnit("web.socket",
                    absl::StrCat("[Socket]\nListenStream=", place().root(), "/web\n"));
  place().WriteUnit("web.service",
                    "[Service]\nExecStart=:/usr/bin/perl -e 'open(S, \"+<&=\", 3); accept(C, S); "
                    "print C \"uid $>\"'\n");
  place().GiveTo(65534);
  DaemonOptions options;
  options.wrapper = AsNobody({});
  ASSERT_NO_FATAL_FAILURE(Begin(options));
  // The API answers the daemon's own user, and root.
  ASSERT_TRUE(client().Start("echo.socket").ok());
  ASSERT_TRUE(client().Start("web.socket").ok());
  EXPECT_EQ(Ask(place().root() + "/echo", "hello"), "hello");
  EXPECT_EQ(Ask(place().root() + "/web", ""), "uid 65534");
  EXPECT_EQ(*daemon().Stop(), 0);
}

}  // namespace
}  // namespace socketd::real
