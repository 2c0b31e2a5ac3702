// What goes over the wire: ids of writes, what create sends, and what is asked when.
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/console.h"

namespace socketd::cli {
namespace {

using testing::ElementsAre;

TEST(Writes, EachHaveAnIdOfTheirOwn) {
  Console console;
  console.Run({"start", "web.service", "web.socket"});
  console.Run({"stop", "web.service"});
  console.Run({"restart", "web.service"});
  console.Run({"reload", "web.service"});
  console.Run({"reset-failed"});
  console.Run({"daemon-reload"});
  console.Run({"delete", "web.service"});
  EXPECT_EQ(console.daemon().request_ids.size(), 8U);  // the fake refuses an id that is not new
}

TEST(Verbs, ActOnTheUnitsAsNamed) {
  Console console;
  console.Run({"start", "web", "units/web.socket", "web@1.service", "a.timer"});
  EXPECT_THAT(console.daemon().calls, ElementsAre("StartUnit web.service", "StartUnit web.socket",
                                                  "StartUnit web@1.service", "StartUnit a.timer"));
}

TEST(Verbs, TryRestartSaysSo) {
  Console console;
  console.Run({"try-restart", "web"});
  EXPECT_THAT(console.daemon().calls, ElementsAre("TryRestartUnit web.service"));
}

TEST(Create, SendsTextAsTextAndJsonAsFields) {
  Console console;
  console.input = "[Socket]\nListenStream=1\n";
  EXPECT_EQ(console.Run({"create", "--name", "a.socket"}).code, ExitCode::kSuccess);
  EXPECT_EQ(console.daemon().created.unit_file(), console.input);
  console.input = R"({"socket":{"backlog":7}})";
  EXPECT_EQ(console.Run({"create", "--json", "--name", "b.socket"}).code, ExitCode::kSuccess);
  EXPECT_EQ(console.daemon().created.definition().socket().backlog(), 7U);
}

TEST(Create, TakesWhatShowPrints) {
  Console console;
  console.input = console.Run({"show", "web.socket", "-o", "json"}).out;
  EXPECT_EQ(console.Run({"create", "--json", "--name", "c.socket"}).code, ExitCode::kSuccess);
  EXPECT_EQ(console.daemon().created.unit_id(), "c.socket");
  EXPECT_EQ(console.daemon().created.definition().unit().description(), "Front door");
}

TEST(Create, RefusesInputWithoutEnd) {
  Console console;
  console.input = std::string((1U << 20) + 1, 'x');
  EXPECT_EQ(console.Run({"create", "--name", "a.socket"}).code, ExitCode::kFailed);
  EXPECT_TRUE(console.daemon().calls.empty());
}

TEST(Edit, LeavesNoFilesBehindButTheTextThatWasNotTaken) {
  Console console;
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(console.folder()),
                         std::filesystem::directory_iterator());
  };
  console.environment["EDITOR"] = "true";
  console.Run({"edit", "web.socket"});
  console.environment["EDITOR"] = "false";
  console.Run({"edit", "web.socket"});
  console.environment["EDITOR"] = "echo Nice=1 >>";
  EXPECT_EQ(console.Run({"edit", "web.socket"}).code, ExitCode::kSuccess);
  EXPECT_EQ(files(), 1);  // the daemon's socket
  EXPECT_EQ(console.Run({"edit", "web.service"}).code, ExitCode::kFailed);
  EXPECT_EQ(files(), 2);
}

TEST(Output, ThatCannotBeWrittenIsAFailure) {
  Console console;
  console.broken_output = true;
  EXPECT_EQ(console.Run({"list"}).code, ExitCode::kFailed);
}

TEST(Daemon, GoneInTheMiddleEndsTheRest) {
  Console console;
  console.StopDaemon();
  const Said said = console.Run({"start", "a", "b"});
  EXPECT_EQ(said.code, ExitCode::kUnreachable);
  EXPECT_THAT(said.err, testing::HasSubstr(console.socket()));
  EXPECT_THAT(said.err, testing::Not(testing::HasSubstr("b.service")));
}

}  // namespace
}  // namespace socketd::cli
