// The API of a real daemon, with a generated client: every method, both forms of a definition, a
// watch that is cut and resumed, signals, two daemons in one place.
#include <signal.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

#include "tests/real/grpc/api_session.h"
#include "tests/real/testing/traffic.h"

#include "grpc/health/v1/health.grpc.pb.h"

namespace socketd::real {
namespace {

using Stub = v1::UnitService::Stub;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApiTest : public ApiSession {
 protected:
  grpc::Status Start(const std::string& unit) {
    v1::StartUnitRequest request;
    v1::StartUnitResponse response;
    request.set_name(unit);
    return Call(&Stub::StartUnit, request, response);
  }
  grpc::Status Stop(const std::string& unit) {
    v1::StopUnitRequest request;
    v1::StopUnitResponse response;
    request.set_name(unit);
    return Call(&Stub::StopUnit, request, response);
  }
  v1::Unit Get(const std::string& unit) {
    v1::GetUnitRequest request;
    v1::Unit response;
    request.set_name(unit);
    const grpc::Status status = Call(&Stub::GetUnit, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static std::string ReasonOf(const grpc::Status& status) {
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    details.ParseFromString(status.error_details());
    if (details.details_size() > 0) details.details(0).UnpackTo(&info);
    return info.reason();
  }
};

TEST_F(ApiTest, StartListensAndStopCloses) {
  ASSERT_TRUE(Start("echo.socket").ok());
  const v1::Unit unit = Get("units/echo.socket");
  EXPECT_EQ(unit.status().sub_state(), "listening");
  EXPECT_EQ(unit.status().active_state(), v1::ACTIVE_STATE_ACTIVE);
  ASSERT_EQ(unit.status().socket().listeners_size(), 1);
  EXPECT_EQ(unit.status().socket().listeners(0).bound(), EchoPath());
  EXPECT_EQ(Ask(EchoPath(), "hello"), "hello");
  ASSERT_TRUE(Stop("echo.socket").ok());
  EXPECT_EQ(Get("echo.socket").status().sub_state(), "dead");
  EXPECT_EQ(Ask(EchoPath(), "hello"), "");
}

TEST_F(ApiTest, AUnitMadeFromFieldsAndFromTextIsTheSame) {
  const std::string text =
      "[Unit]\nDescription=one\n\n[Socket]\nListenStream=/tmp/x/%n\nBacklog=7\n";
  v1::CreateUnitRequest by_text;
  v1::Unit from_text;
  by_text.set_unit_id("by-text.socket");
  by_text.set_unit_file(text);
  // The service that it would start must be there for a start, not for a definition.
  const grpc::Status first = Call(&Stub::CreateUnit, by_text, from_text);
  ASSERT_TRUE(first.ok()) << first.error_message();

  v1::CreateUnitRequest by_fields;
  v1::Unit from_fields;
  by_fields.set_unit_id("by-fields.socket");
  *by_fields.mutable_definition() = from_text.definition();
  ASSERT_TRUE(Call(&Stub::CreateUnit, by_fields, from_fields).ok());
  const v1::Unit read_text = Get("by-text.socket");
  const v1::Unit read_fields = Get("by-fields.socket");
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read_text.definition(),
                                                                 read_fields.definition()));
  EXPECT_EQ(read_text.unit_file(), read_fields.unit_file());
  EXPECT_THAT(read_fields.unit_file(), HasSubstr("Backlog=7"));
  EXPECT_EQ(read_text.definition().unit().description(), "one");
}

TEST_F(ApiTest, WhatWasMadeIsKeptChangedAndDeleted) {
  v1::CreateUnitRequest create;
  v1::Unit made;
  create.set_unit_id("kept.socket");
  create.set_unit_file("[Socket]\nListenStream=/tmp/x/kept\nAccept=yes\n");
  ASSERT_TRUE(Call(&Stub::CreateUnit, create, made).ok());
  EXPECT_EQ(ReasonOf(Call(&Stub::CreateUnit, create, made)), "UNIT_EXISTS");

  ASSERT_TRUE(daemon_.Stop().ok());
  ASSERT_TRUE(daemon_.Start().ok());
  Connect();
  const v1::Unit kept = Get("kept.socket");
  v1::UpdateUnitRequest update;
  v1::UpdateUnitResponse updated;
  update.set_name("kept.socket");
  update.set_etag("stale");
  update.set_unit_file("[Socket]\nListenStream=/tmp/x/other\nAccept=yes\n");
  EXPECT_EQ(ReasonOf(Call(&Stub::UpdateUnit, update, updated)), "ETAG_MISMATCH");
  update.set_etag(kept.etag());
  ASSERT_TRUE(Call(&Stub::UpdateUnit, update, updated).ok());
  EXPECT_EQ(updated.takes_effect(), "now");
  EXPECT_EQ(updated.unit().definition().socket().listen(0).address(), "/tmp/x/other");

  v1::DeleteUnitRequest deletion;
  v1::DeleteUnitResponse deleted;
  deletion.set_name("kept.socket");
  ASSERT_TRUE(Call(&Stub::DeleteUnit, deletion, deleted).ok());
  EXPECT_GT(deleted.revision(), 0);
  v1::GetUnitRequest get;
  EXPECT_EQ(ReasonOf(Call(&Stub::GetUnit, get, made)), "BAD_UNIT_NAME");
  get.set_name("kept.socket");
  EXPECT_EQ(ReasonOf(Call(&Stub::GetUnit, get, made)), "UNIT_NOT_FOUND");
}

TEST_F(ApiTest, TheOtherMethods) {
  v1::ListUnitsRequest list;
  v1::ListUnitsResponse listed;
  list.add_patterns("echo*");
  ASSERT_TRUE(Call(&Stub::ListUnits, list, listed).ok());
  std::vector<std::string> names;
  for (const v1::Unit& unit : listed.units())
    names.push_back(unit.name());
  EXPECT_THAT(names, Contains("units/echo.socket"));

  v1::DumpUnitRequest dump;
  v1::DumpUnitResponse dumped;
  dump.set_name("echo.socket");
  ASSERT_TRUE(Call(&Stub::DumpUnit, dump, dumped).ok());
  EXPECT_THAT(dumped.text(), HasSubstr("echo.socket"));
  EXPECT_GT(dumped.properties_size(), 5);

  v1::VerifyUnitRequest verify;
  v1::VerifyUnitResponse verified;
  verify.set_unit_id("x.socket");
  verify.set_unit_file("[Socket]\nListenStream=/run/x\nBacklogg=3\n");
  ASSERT_TRUE(Call(&Stub::VerifyUnit, verify, verified).ok());
  ASSERT_GE(verified.problems_size(), 1);
  EXPECT_EQ(verified.problems(0).line(), 3);
  EXPECT_THAT(verified.problems(0).message(), HasSubstr("Backlog"));

  v1::LoadUnitsRequest load;
  v1::LoadUnitsResponse loaded;
  place_.WriteUnit("late.socket", "[Socket]\nListenStream=/tmp/x/late\nAccept=yes\n");
  ASSERT_TRUE(Call(&Stub::LoadUnits, load, loaded).ok());
  EXPECT_EQ(Get("late.socket").status().load_state(), v1::LOAD_STATE_LOADED);

  v1::ResetFailedRequest reset;
  v1::ResetFailedResponse was_reset;
  ASSERT_TRUE(Call(&Stub::ResetFailed, reset, was_reset).ok());

  v1::GetServerRequest about;
  v1::GetServerResponse told;
  ASSERT_TRUE(Call(&Stub::GetServer, about, told).ok());
  EXPECT_EQ(told.pid(), daemon_.daemon_pid());
  EXPECT_GT(told.capabilities_size(), 3);
}

TEST_F(ApiTest, RestartAndReload) {
  ASSERT_TRUE(Start("echo.socket").ok());
  v1::RestartUnitRequest restart;
  v1::RestartUnitResponse restarted;
  restart.set_name("echo.socket");
  ASSERT_TRUE(Call(&Stub::RestartUnit, restart, restarted).ok());
  EXPECT_EQ(restarted.unit().status().sub_state(), "listening");
  v1::ReloadUnitRequest reload;
  v1::ReloadUnitResponse reloaded;
  reload.set_name("echo.socket");
  const grpc::Status refused = Call(&Stub::ReloadUnit, reload, reloaded);
  EXPECT_FALSE(refused.ok());
  EXPECT_NE(ReasonOf(refused), "");
}

// ---- the watch ----

class WatchTest : public ApiTest {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchUnitsResponse>>;
  Reader Watch(grpc::ClientContext& context, int64_t start_revision) {
    v1::WatchUnitsRequest request;
    request.add_names("echo.socket");
    request.set_start_revision(start_revision);
    Reader reader = stub_->WatchUnits(&context, request);
    reader->WaitForInitialMetadata();
    return reader;
  }
  // Every state up to and with `state`; the last revision is kept.
  std::vector<std::string> Until(Reader& reader, const std::string& state) {
    std::vector<std::string> states;
    v1::WatchUnitsResponse message;
    while ((states.empty() || states.back() != state) && reader->Read(&message)) {
      if (message.has_change()) states.push_back(message.change().to());
      if (message.revision() > 0) revision_ = message.revision();
    }
    return states;
  }
  int64_t revision_ = 0;
};

TEST_F(WatchTest, CutAndResumedEachTransitionComesExactlyOnce) {
  const auto first = Context();
  Reader reader = Watch(*first, 0);
  v1::WatchUnitsResponse message;
  while (reader->Read(&message) && !message.has_snapshot_end())
    revision_ = message.revision();
  revision_ = message.revision();
  std::thread starting([this] { EXPECT_TRUE(Start("echo.socket").ok()); });
  std::vector<std::string> seen = Until(reader, "start-open");
  first->TryCancel();
  starting.join();
  const auto second = Context();
  Reader resumed = Watch(*second, revision_ + 1);
  for (const std::string& state : Until(resumed, "listening"))
    seen.push_back(state);
  EXPECT_THAT(seen, ElementsAre("start-open", "listening"));
  second->TryCancel();
}

TEST_F(WatchTest, ARevisionOfAnotherLifeIsRefused) {
  const auto context = Context();
  Reader reader = Watch(*context, 1'000'000'000);
  EXPECT_EQ(ReasonOf(reader->Finish()), "REVISION_UNKNOWN");
}

TEST_F(WatchTest, AnIdleWatchBeats) {
  v1::WatchUnitsRequest request;
  request.add_names("no.such");
  request.mutable_heartbeat()->set_seconds(1);
  const auto context = Context();
  Reader reader = stub_->WatchUnits(context.get(), request);
  v1::WatchUnitsResponse message;
  int beats = 0;
  while (beats < 2 && reader->Read(&message))
    beats += message.has_heartbeat() ? 1 : 0;
  EXPECT_EQ(beats, 2);
  context->TryCancel();
}

TEST_F(WatchTest, TheStopIsSeenToItsEnd) {
  ASSERT_TRUE(Start("echo.socket").ok());
  const auto context = Context();
  Reader reader = Watch(*context, 0);
  v1::WatchUnitsResponse message;
  while (reader->Read(&message) && !message.has_snapshot_end()) {
  }
  daemon_.Signal(SIGTERM);
  const std::vector<std::string> states = Until(reader, "dead");
  EXPECT_EQ(states.back(), "dead");
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(daemon_.Stop().value_or(-1), 0) << daemon_.Log();
}

// ---- the process ----

TEST_F(ApiTest, HealthIsServed) {
  const auto health = grpc::health::v1::Health::NewStub(
      grpc::CreateChannel(daemon_.api_address(), grpc::InsecureChannelCredentials()));
  const auto context = Context();
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  request.set_service("socketd.v1.UnitService");
  ASSERT_TRUE(health->Check(context.get(), request, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(ApiTest, ASecondDaemonInTheSamePlaceRefusesPlainly) {
  DaemonProcess second(place_);
  const absl::Status status = second.Start();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("another socketd (process " + std::to_string(daemon_.pid()) + ")"));
  // And the first one is where it was.
  EXPECT_TRUE(Start("echo.socket").ok());
}

TEST_F(ApiTest, SighupLoadsAnew) {
  place_.WriteUnit("late.socket", "[Socket]\nListenStream=/tmp/x/late\nAccept=yes\n");
  daemon_.Signal(SIGHUP);
  v1::GetUnitRequest request;
  v1::Unit unit;
  request.set_name("late.socket");
  // Each call takes a while; the signal arrives in the meantime.
  for (int tries = 0; tries < 5000 && unit.name().empty(); ++tries)
    Call(&Stub::GetUnit, request, unit);
  EXPECT_EQ(unit.name(), "units/late.socket");
}

TEST_F(ApiTest, SigtermStopsInOrderAndLeavesNothing) {
  ASSERT_TRUE(Start("echo.socket").ok());
  const absl::StatusOr<int> status = daemon_.Stop();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(*status, 0);
  EXPECT_EQ(FileText(daemon_.api_path()), "");
  const absl::StatusOr<Conversation> late = Conversation::Open(daemon_.api_path());
  EXPECT_FALSE(late.ok());
}

}  // namespace
}  // namespace socketd::real
