// How a watch survives what happens to it: a cut stream, a daemon that restarts, a history that is
// gone, an endless quiet.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/console.h"
#include "tests/cli/fake_units.h"

namespace socketd::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

v1::WatchUnitsResponse Move(std::int64_t revision) {
  v1::WatchUnitsResponse message;
  *message.mutable_change() = FakeChange(revision, "web.socket", "listening", "running");
  message.set_revision(revision);
  return message;
}

v1::WatchUnitsResponse Snapshot(std::int64_t revision) {
  v1::WatchUnitsResponse message;
  *message.mutable_unit() = FakeUnits()["web.socket"];
  message.set_revision(revision);
  return message;
}

v1::WatchUnitsResponse SnapshotEnd(std::int64_t revision) {
  v1::WatchUnitsResponse message;
  message.mutable_snapshot_end();
  message.set_revision(revision);
  return message;
}

v1::WatchUnitsResponse Heartbeat(std::int64_t revision) {
  v1::WatchUnitsResponse message;
  message.mutable_heartbeat();
  message.set_revision(revision);
  return message;
}

const grpc::Status kCut(grpc::StatusCode::UNAVAILABLE, "Socket closed");

size_t Times(const std::string& text, const std::string& part) {
  size_t times = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

TEST(Watch, ResumesAfterACutAndPrintsEachChangeOnce) {
  Console console;
  console.daemon().watches = {{{Snapshot(5), SnapshotEnd(5), Move(6), Move(7)}, kCut},
                              // A daemon that repeats what is known must not be believed.
                              {{Move(7), Move(8)}, kCut},
                              {{Move(9)}, kCut}};
  const Said said = console.Run({"watch", "--count", "4"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  for (const std::string change : {"#6\n", "#7\n", "#8\n", "#9\n"}) {
    EXPECT_EQ(Times(said.out, change), 1U) << change;
  }
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(0, 8, 9));
  EXPECT_THAT(said.err, HasSubstr("the connection is lost; will go on from revision 8"));
}

TEST(Watch, ResumesWithADaemonThatCameBack) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5), Move(6)}, kCut}};
  int paused = 0;
  // The daemon is gone when the client hears of the cut; it comes back while the client waits.
  console.on_pause = [&] {
    if (++paused > 1) return;
    console.StopDaemon();
    console.StartDaemon();
    console.daemon().watches = {{{Move(7)}, kCut}};
  };
  console.daemon().watches.push_back({{}, kCut});
  const Said said = console.Run({"watch", "--count", "2"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_EQ(Times(said.out, "#6\n"), 1U);
  EXPECT_EQ(Times(said.out, "#7\n"), 1U);
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(7));
}

// Plays a cut at revision 6, after which a daemon started later holds changes from `first` on.
Said ReplaceDaemon(Console& console, std::int64_t first) {
  console.daemon().watches = {{{SnapshotEnd(5), Move(6)}, kCut}, {{}, kCut}};
  console.on_pause = [&console, first] {
    console.StopDaemon();
    console.StartDaemon();
    console.daemon().started += 60;
    console.daemon().first_revision = first;
    console.daemon().watches = {{{SnapshotEnd(2), Move(first == 1 ? 3 : 7)}, kCut}};
  };
  return console.Run({"watch", "--count", "2"});
}

TEST(Watch, StartsAnewWithADaemonThatCountsFromOneAgain) {
  Console console;
  const Said said = ReplaceDaemon(console, 1);
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(0));
  EXPECT_THAT(said.err, HasSubstr("the daemon was restarted; starting anew"));
  EXPECT_EQ(Times(said.out, "#3\n"), 1U);
}

// The connection may still be that to the old one, and break as soon as somebody asks.
TEST(Watch, AsksAgainWhoIsThereIfNobodyAnswers) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5), Move(6)}, kCut}, {{}, kCut}};
  int paused = 0;
  console.on_pause = [&] {
    if (++paused > 1) return;
    console.daemon().started += 60;
    console.daemon().busy = 1;
    console.daemon().watches = {{{SnapshotEnd(2), Move(3)}, kCut}};
  };
  const Said said = console.Run({"watch", "--count", "2"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_EQ(paused, 2);
  EXPECT_THAT(said.err, HasSubstr("the daemon was restarted; starting anew"));
  EXPECT_EQ(Times(said.out, "#3\n"), 1U);
}

TEST(Watch, GoesOnWithANewDaemonThatGoesOnCounting) {
  Console console;
  const Said said = ReplaceDaemon(console, 7);
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(7));
  EXPECT_THAT(said.err, Not(HasSubstr("restarted")));
}

TEST(Watch, SaysWhatIsGoneAndStartsAnew) {
  Console console;
  console.daemon().watches = {
      {{},
       FakeError(grpc::StatusCode::OUT_OF_RANGE, "HISTORY_TRIMMED",
                 "the history does not go back so far", {{"first_revision", "30"}})},
      {{Snapshot(40), SnapshotEnd(40), Move(41)}, kCut}};
  const Said said = console.Run({"watch", "--since", "7", "--count", "1"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(7, 0));
  EXPECT_THAT(said.err, HasSubstr("changes from revision 7 on are no longer held"));
  EXPECT_THAT(said.err, HasSubstr("the oldest is 30"));
  EXPECT_THAT(said.out, HasSubstr("#41\n"));
}

TEST(Watch, StartsTheSnapshotAnewIfItWasNotWhole) {
  Console console;
  console.daemon().watches = {{{Snapshot(5)}, kCut},
                              {{Snapshot(6), SnapshotEnd(6), Move(7)}, kCut}};
  const Said said = console.Run({"watch", "--count", "1"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(0, 0));
  EXPECT_THAT(said.err, HasSubstr("will go on with the present state"));
}

TEST(Watch, ResumesAfterTheLastHeartbeat) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5), Heartbeat(70)}, kCut}, {{Move(71)}, kCut}};
  console.Run({"watch", "--count", "1"});
  EXPECT_THAT(console.daemon().watch_starts, ElementsAre(0, 71));
}

TEST(Watch, PausesWhenAttemptsBringNothing) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5)}, kCut}, {{}, kCut}, {{}, kCut}, {{Move(6)}, kCut}};
  const Said said = console.Run({"watch", "--count", "1"});
  EXPECT_EQ(said.code, ExitCode::kSuccess);
  EXPECT_EQ(console.pauses, 2);
  EXPECT_EQ(Times(said.err, "the connection is lost"), 1U);
}

TEST(Watch, EndsAtTheCutIfToldSo) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5), Move(6)}, kCut}};
  const Said said = console.Run({"watch", "--no-reconnect"});
  EXPECT_EQ(said.code, ExitCode::kUnreachable);
  EXPECT_THAT(said.err, Not(HasSubstr("Socket closed")));
}

TEST(Watch, EndsWithTheReasonIfItIsRefused) {
  Console console;
  console.daemon().watches = {
      {{}, FakeError(grpc::StatusCode::PERMISSION_DENIED, "ACCESS_DENIED", "you may not")}};
  const Said said = console.Run({"watch"});
  EXPECT_EQ(said.code, ExitCode::kDenied);
  EXPECT_THAT(said.err, HasSubstr("you may not (ACCESS_DENIED)"));
}

TEST(Watch, DoesNotWaitForADaemonThatWasNeverThere) {
  Console console;
  console.StopDaemon();
  EXPECT_EQ(console.Run({"watch"}).code, ExitCode::kUnreachable);
}

TEST(Watch, GivesUpAtTheTimeout) {
  Console console;
  console.daemon().watches = {{{SnapshotEnd(5)}, kCut}};
  console.daemon().on_watch_end = [&] { console.daemon().BlockUntilTheEnd(); };
  EXPECT_EQ(console.Run({"watch", "--timeout", "0.2"}).code, ExitCode::kTimeout);
}

TEST(Watch, AChangeOfTheDefinitionIsNoMove) {
  Console console;
  v1::WatchUnitsResponse changed = Move(6);
  changed.mutable_change()->set_to(changed.change().from());
  console.daemon().watches = {{{SnapshotEnd(5), changed}, kCut}};
  const Said said = console.Run({"watch", "--count", "1"});
  EXPECT_THAT(said.out, HasSubstr("web.socket  listening (definition changed)"));
}

TEST(Watch, WithoutSnapshotPrintsChangesOnly) {
  Console console;
  const Said said = console.Run({"watch", "--snapshot", "no", "--count", "1", "-o", "json"});
  EXPECT_THAT(said.out, testing::StartsWith("{\"change\":{\"revision\":\"43\""));
  EXPECT_EQ(Times(said.out, "\n"), 1U);
}

}  // namespace
}  // namespace socketd::cli
