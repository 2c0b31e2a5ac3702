// The example units of deploy/units do what they promise, on addresses of the test's own.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"
#include "tests/real/testing/traffic.h"

namespace socketd::real {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ExamplesTest : public DaemonTest {
 protected:
  // The address of a copy of `socket` that differs in nothing else.
  std::string Elsewhere(const std::string& socket) {
    place().CopyExample(socket);
    const std::string path = absl::StrCat(place().root(), "/", socket, ".sock");
    place().WriteUnit(socket + ".d/elsewhere.conf",
                      absl::StrCat("[Socket]\nListenStream=\nListenStream=", path, "\n"));
    return path;
  }
};

TEST_F(ExamplesTest, TheWebPageWakesAnswersAndGoesToSleepAgain) {
  place().CopyExample("web.service");
  const std::string web = Elsewhere("web.socket");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("web.socket").ok());
  const auto watcher = client().Watch();
  const std::string page = Ask(web, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(page, HasSubstr("200 OK"));
  EXPECT_THAT(page, EndsWith(absl::StrCat("process ", client().MainPid("web.service"), "\n")));
  EXPECT_THAT(watcher->Until("web.service", "dead"), Contains("running"));
  EXPECT_EQ(watcher->Until("web.socket", "listening").back(), "listening");
  EXPECT_THAT(Ask(web, "GET / HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(ExamplesTest, EchoHasAProcessForEachConversation) {
  place().CopyExample("echo@.service");
  const std::string echo = Elsewhere("echo.socket");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("echo.socket").ok());
  const auto watcher = client().Watch();
  {
    const auto one = Conversation::Open(echo);
    const auto two = Conversation::Open(echo);
    ASSERT_TRUE(one.ok() && two.ok());
    ASSERT_TRUE(one->Say("one\n") && two->Say("two\n"));
    EXPECT_EQ(two->Hear(), "two\n");
    EXPECT_EQ(one->Hear(), "one\n");
    EXPECT_THAT(client().Names("echo@*.service"), SizeIs(2));
  }
  EXPECT_THAT(watcher->Entered(kGone, 2), SizeIs(2));
  EXPECT_THAT(client().Names("echo@*.service"), IsEmpty());
}

TEST_F(ExamplesTest, TheWorkerTellsWhenItIsReady) {
  if (!Installed("/usr/bin/systemd-notify")) GTEST_SKIP() << "needs the package systemd";
  place().CopyExample("worker.service");
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(client().Start("worker.service").ok());
  EXPECT_EQ(client().State("worker.service"), "running");
  ASSERT_TRUE(client().Stop("worker.service").ok());
  EXPECT_EQ(client().State("worker.service"), "dead");
}

}  // namespace
}  // namespace socketd::real
