#include "server/api/watch_call.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/server/api/api_fixture.h"

namespace socketd {
namespace {

class WatchCallTest : public socketd::testing::ApiFixture {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchUnitsResponse>>;

  WatchCallTest() : client_(Client(0)) { engine_.Put("web.socket"); }

  Reader Watch(grpc::ClientContext& context, int64_t start_revision = 0) {
    v1::WatchUnitsRequest request;
    request.set_start_revision(start_revision);
    return client_->WatchUnits(&context, request);
  }
  v1::WatchUnitsResponse Next(Reader& reader) {
    v1::WatchUnitsResponse message;
    EXPECT_TRUE(reader->Read(&message));
    return message;
  }

  std::unique_ptr<v1::UnitService::Stub> client_;
};

TEST_F(WatchCallTest, SnapshotThenChangesAsTheyCome) {
  grpc::ClientContext context;
  Reader reader = Watch(context);
  EXPECT_EQ(Next(reader).unit().name(), "units/web.socket");
  EXPECT_TRUE(Next(reader).has_snapshot_end());
  engine_.Move("web.socket", "dead", "listening");
  EXPECT_EQ(Next(reader).change().to(), "listening");
  engine_.Move("web.socket", "listening", "running");
  EXPECT_EQ(Next(reader).revision(), 2);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchCallTest, CutAndResumedNothingIsMissedOrTwice) {
  engine_.Move("web.socket", "dead", "listening");
  engine_.Move("web.socket", "listening", "running");
  grpc::ClientContext context;
  Reader reader = Watch(context, 2);
  EXPECT_EQ(Next(reader).revision(), 2);
  engine_.Move("web.socket", "running", "listening");
  EXPECT_EQ(Next(reader).revision(), 3);
  context.TryCancel();
}

TEST_F(WatchCallTest, AResumedWatchIsKnownToStandBeforeAnythingHappens) {
  grpc::ClientContext context;
  Reader reader = Watch(context, 1);
  reader->WaitForInitialMetadata();
  engine_.Move("web.socket", "dead", "listening");
  EXPECT_EQ(Next(reader).revision(), 1);
  context.TryCancel();
}

TEST_F(WatchCallTest, AGoneRevisionEndsTheCallAndTellsTheOldest) {
  for (int i = 0; i < 101; ++i)
    engine_.Move("web.socket", "x", "y");
  grpc::ClientContext context;
  Reader reader = Watch(context, 1);
  v1::WatchUnitsResponse message;
  EXPECT_FALSE(reader->Read(&message));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(socketd::testing::ReasonOf(status), "HISTORY_TRIMMED");
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto first = metadata.find("first_revision");
  ASSERT_NE(first, metadata.end());
  EXPECT_EQ(std::string(first->second.data(), first->second.size()), "2");
}

TEST_F(WatchCallTest, BadQuestionsAreRefused) {
  grpc::ClientContext context;
  EXPECT_EQ(socketd::testing::ReasonOf(Watch(context, -1)->Finish()), "BAD_REVISION");
  v1::WatchUnitsRequest request;
  request.add_names("");
  grpc::ClientContext second;
  EXPECT_EQ(socketd::testing::ReasonOf(client_->WatchUnits(&second, request)->Finish()),
            "BAD_PATTERN");
}

TEST_F(WatchCallTest, TheLastChangesAreSeenBeforeTheEnd) {
  grpc::ClientContext context;
  Reader reader = Watch(context, 1);
  reader->WaitForInitialMetadata();
  for (int i = 0; i < 90; ++i)
    engine_.Move("web.socket", "x", "y");
  server_->Stop(absl::Seconds(5));
  for (int64_t revision = 1; revision <= 90; ++revision)
    ASSERT_EQ(Next(reader).revision(), revision);
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(WatchCallTest, StoppingEndsWatchersAndRefusesNewOnes) {
  grpc::ClientContext context;
  Reader reader = Watch(context, 1);
  reader->WaitForInitialMetadata();
  server_->Stop(absl::Seconds(5));
  v1::WatchUnitsResponse message;
  EXPECT_FALSE(reader->Read(&message));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(socketd::testing::ReasonOf(status), "SHUTTING_DOWN");
  EXPECT_EQ(adopted_.code(), absl::StatusCode::kOk);
  Connect({.uid = 0});
  EXPECT_EQ(adopted_.code(), absl::StatusCode::kUnavailable);
}

// Many watchers over many connections, some of which leave in the middle: each of the others gets
// every change once and in order.
TEST_F(WatchCallTest, ManyWatchersSeeTheSame) {
  constexpr int kWatchers = 60;
  constexpr int64_t kMoves = 90;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<Reader> readers;
  for (int i = 0; i < kWatchers; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(Watch(*contexts.back(), 1));
  }
  for (int64_t i = 0; i < kMoves; ++i) {
    engine_.Move("web.socket", "x", "y");
    if (i == kMoves / 2) {
      for (int gone = 0; gone < kWatchers; gone += 3)
        contexts[gone]->TryCancel();
    }
  }
  for (int i = 0; i < kWatchers; ++i) {
    if (i % 3 == 0) continue;
    for (int64_t revision = 1; revision <= kMoves; ++revision)
      ASSERT_EQ(Next(readers[i]).revision(), revision) << "watcher " << i;
    contexts[i]->TryCancel();
  }
}

TEST_F(WatchCallTest, WatchersThatLeaveAreForgotten) {
  Watchers watchers(1);
  EXPECT_EQ(watchers.size(), 0U);
  watchers.Close();
  EXPECT_EQ(watchers.Add(nullptr).code(), absl::StatusCode::kUnavailable);
  Watchers full(0);
  EXPECT_EQ(full.Add(nullptr).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace socketd
