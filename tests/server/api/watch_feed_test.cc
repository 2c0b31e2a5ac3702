#include "server/api/watch_feed.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/base/errors.h"
#include "tests/server/api/fake_engine.h"

namespace socketd {
namespace {

using socketd::testing::FakeEngine;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Patterns For(std::vector<std::string> patterns) {
  return *Patterns::Parse(std::move(patterns), "names");
}

// What is there to be sent now, as text: "unit web.socket@0", "end@3", "4:dead>listening".
std::vector<std::string> Drain(WatchFeed& feed) {
  std::vector<std::string> texts;
  v1::WatchUnitsResponse message;
  while (true) {
    const absl::StatusOr<bool> more = feed.Next(message);
    if (!more.ok()) texts.push_back(ReasonOf(more.status()));
    if (!more.ok() || !*more) return texts;
    const std::string at = "@" + std::to_string(message.revision());
    if (message.has_unit()) texts.push_back("unit " + message.unit().name() + at);
    if (message.has_snapshot_end()) texts.push_back("end" + at);
    if (message.has_change()) {
      const v1::Change& change = message.change();
      EXPECT_EQ(change.revision(), message.revision());
      texts.push_back(change.unit() + ":" + change.from() + ">" + change.to() + at);
    }
  }
}

TEST(WatchFeedTest, TheSnapshotComesFirstThenEveryChangeOnce) {
  FakeEngine engine;
  engine.Put("a.socket");
  engine.Put("b.socket");
  engine.Move("a.socket", "dead", "listening");
  WatchFeed feed(engine, {}, 0);
  // Moves while the snapshot is on its way are sent after it.
  engine.Move("b.socket", "dead", "listening");
  EXPECT_THAT(Drain(feed), ElementsAre("unit units/a.socket@0", "unit units/b.socket@0", "end@1",
                                       "b.socket:dead>listening@2"));
  EXPECT_THAT(Drain(feed), SizeIs(0));
  engine.Move("a.socket", "listening", "running");
  EXPECT_THAT(Drain(feed), ElementsAre("a.socket:listening>running@3"));
}

TEST(WatchFeedTest, ABigBoardIsReadInPieces) {
  FakeEngine engine;
  for (int i = 0; i < 200; ++i)
    engine.Put("u" + std::to_string(1000 + i) + ".socket");
  WatchFeed feed(engine, {}, 0);
  EXPECT_THAT(Drain(feed), SizeIs(201));
}

TEST(WatchFeedTest, AnEmptyBoardEndsAtOnce) {
  const FakeEngine engine(100, 17);
  WatchFeed feed(engine, {}, 0);
  EXPECT_THAT(Drain(feed), ElementsAre("end@17"));
}

TEST(WatchFeedTest, PatternsHoldForUnitsAndChanges) {
  FakeEngine engine;
  engine.Put("a.socket");
  engine.Put("b.service");
  WatchFeed feed(engine, For({"units/*.service"}), 0);
  engine.Move("a.socket", "dead", "listening");
  engine.Move("b.service", "dead", "running");
  EXPECT_THAT(Drain(feed),
              ElementsAre("unit units/b.service@0", "end@0", "b.service:dead>running@2"));
}

TEST(WatchFeedTest, ResumesByRevision) {
  FakeEngine engine;
  for (int i = 0; i < 5; ++i)
    engine.Move("a.socket", "x", "y");
  WatchFeed feed(engine, {}, 4);
  EXPECT_THAT(Drain(feed), ElementsAre("a.socket:x>y@4", "a.socket:x>y@5"));
  WatchFeed next(engine, {}, 6);
  EXPECT_THAT(Drain(next), SizeIs(0));
}

TEST(WatchFeedTest, ARevisionThatIsGoneIsSaidSo) {
  FakeEngine engine(3);
  for (int i = 0; i < 10; ++i)
    engine.Move("a.socket", "x", "y");
  WatchFeed feed(engine, {}, 7);
  v1::WatchUnitsResponse message;
  const absl::Status status = feed.Next(message).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(status), "HISTORY_TRIMMED");
  EXPECT_EQ(FactsOf(status)["first_revision"], "8");
  WatchFeed oldest(engine, {}, 8);
  EXPECT_THAT(Drain(oldest), SizeIs(3));
}

TEST(WatchFeedTest, AWatcherThatFellBehindIsToldAndNotSkipped) {
  FakeEngine engine(40);
  WatchFeed feed(engine, {}, 0);
  EXPECT_THAT(Drain(feed), ElementsAre("end@0"));
  for (int i = 0; i < 41; ++i)
    engine.Move("a.socket", "x", "y");
  EXPECT_THAT(Drain(feed), ElementsAre("HISTORY_TRIMMED"));
}

TEST(WatchFeedTest, ARevisionOfTheFutureIsRefused) {
  FakeEngine engine;
  engine.Move("a.socket", "x", "y");
  WatchFeed feed(engine, {}, 3);
  EXPECT_THAT(Drain(feed), ElementsAre("REVISION_UNKNOWN"));
}

TEST(WatchFeedTest, AHeartbeatTellsHowFarTheWatcherIs) {
  FakeEngine engine;
  WatchFeed feed(engine, For({"b.socket"}), 0);
  engine.Move("a.socket", "x", "y");
  Drain(feed);
  v1::WatchUnitsResponse message;
  feed.Heartbeat(message);
  EXPECT_TRUE(message.has_heartbeat());
  EXPECT_EQ(message.revision(), 1);
}

}  // namespace
}  // namespace socketd
