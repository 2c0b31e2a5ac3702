#include "server/api/unit_service.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"
#include "tests/server/api/api_fixture.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class UnitServiceTest : public socketd::testing::ApiFixture {
 protected:
  UnitServiceTest() : client_(Client(0)) { engine_.Put("web.socket", ActiveState::kActive); }

  grpc::Status Start(const v1::StartUnitRequest& request, v1::StartUnitResponse& response) {
    grpc::ClientContext context;
    return client_->StartUnit(&context, request, &response);
  }

  std::unique_ptr<v1::UnitService::Stub> client_;
  grpc::ClientContext context_;
};

TEST_F(UnitServiceTest, GetUnitKnowsBothForms) {
  v1::GetUnitRequest request;
  v1::Unit unit;
  for (const char* name : {"web.socket", "units/web.socket"}) {
    grpc::ClientContext context;
    request.set_name(name);
    ASSERT_TRUE(client_->GetUnit(&context, request, &unit).ok());
    EXPECT_EQ(unit.name(), "units/web.socket");
    EXPECT_EQ(unit.status().sub_state(), "listening");
    EXPECT_EQ(unit.status().active_state(), v1::ACTIVE_STATE_ACTIVE);
  }
}

TEST_F(UnitServiceTest, OnlyTheFullViewAsksTheEngineWhetherFilesHaveChanged) {
  auto changed = std::make_shared<UnitSnapshot>(*engine_.board()->Find("web.socket"));
  changed->source_changed = true;
  engine_.Put(changed);
  v1::GetUnitRequest request;
  v1::Unit unit;
  request.set_name("web.socket");
  ASSERT_TRUE(client_->GetUnit(&context_, request, &unit).ok());
  EXPECT_TRUE(unit.status().source_changed());
  EXPECT_THAT(engine_.Asked(), ElementsAre("look at web.socket"));
  grpc::ClientContext context;
  request.set_view(v1::UNIT_VIEW_BASIC);
  ASSERT_TRUE(client_->GetUnit(&context, request, &unit).ok());
  EXPECT_THAT(engine_.Asked(), SizeIs(1));
}

TEST_F(UnitServiceTest, AnUnknownUnitIsNotFound) {
  for (const v1::UnitView view : {v1::UNIT_VIEW_BASIC, v1::UNIT_VIEW_FULL}) {
    grpc::ClientContext context;
    v1::GetUnitRequest request;
    v1::Unit unit;
    request.set_name("no.socket");
    request.set_view(view);
    const grpc::Status status = client_->GetUnit(&context, request, &unit);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(socketd::testing::ReasonOf(status), "UNIT_NOT_FOUND");
  }
}

TEST_F(UnitServiceTest, StartAnswersWithTheUnitAndNamesWhoAsked) {
  v1::StartUnitRequest request;
  v1::StartUnitResponse response;
  request.set_name("units/web.socket");
  request.set_mode(v1::JOB_MODE_FAIL);
  request.set_no_wait(true);
  ASSERT_TRUE(Start(request, response).ok());
  EXPECT_EQ(response.unit().name(), "units/web.socket");
  EXPECT_THAT(engine_.Asked(), ElementsAre("start web.socket by uid 0 no_wait fail"));
}

TEST_F(UnitServiceTest, TheEnginesFailureTravels) {
  engine_.outcome =
      Error(absl::StatusCode::kFailedPrecondition, "COMMAND_FAILED", "exit 1", {{"step", "pre"}});
  v1::StartUnitRequest request;
  v1::StartUnitResponse response;
  request.set_name("web.socket");
  const grpc::Status status = Start(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(socketd::testing::ReasonOf(status), "COMMAND_FAILED");
}

TEST_F(UnitServiceTest, APlanBringsUnitsAndTakesADiff) {
  v1::PlanUnitsRequest request;
  v1::PlanUnitsResponse response;
  v1::UnitSource& socket = *request.add_units();
  socket.set_unit_id("web.socket");
  socket.mutable_definition()->mutable_socket()->add_listen()->set_address("80");
  socket.mutable_definition()->mutable_socket()->mutable_listen(0)->set_kind(
      v1::ListenAddress::KIND_STREAM);
  v1::UnitSource& service = *request.add_units();
  service.set_unit_id("units/web.service");
  service.set_remove(true);
  ASSERT_TRUE(client_->PlanUnits(&context_, request, &response).ok());
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("plan web.socket text [Socket]\nListenStream=80\n web.service gone"));
  const v1::Plan& plan = response.plan();
  EXPECT_EQ(plan.revision(), 7);
  EXPECT_THAT(plan.restarts(), ElementsAre("web.service"));
  ASSERT_EQ(plan.units_size(), 2);
  EXPECT_EQ(plan.units(0).action(), v1::UnitChange::ACTION_CHANGE);
  EXPECT_EQ(plan.units(1).action(), v1::UnitChange::ACTION_REMOVE);
  EXPECT_EQ(plan.units(0).directives(0).key(), "Backlog");
  EXPECT_THAT(plan.units(0).directives(0).from(), ElementsAre("5"));
  EXPECT_EQ(plan.units(0).listeners(0).action(), v1::ListenerChange::ACTION_KEEP);
  EXPECT_THAT(plan.units(0).listeners(0).set_live(), ElementsAre("Backlog"));
  EXPECT_THAT(plan.units(0).at_next_start(), ElementsAre("Accept"));
}

TEST_F(UnitServiceTest, AnApplyIsAWriteAndTellsWhatWasDone) {
  v1::ApplyUnitsRequest request;
  request.add_units()->set_unit_id("web.service");
  request.mutable_units(0)->set_unit_file("[Service]\nExecStart=/bin/web\n");
  request.set_expected_revision(7);
  request.set_restart(true);
  request.set_request_id("one");
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    v1::ApplyUnitsResponse response;
    ASSERT_TRUE(client_->ApplyUnits(&context, request, &response).ok());
    EXPECT_EQ(response.plan().units(0).unit(), "web.service");
    EXPECT_THAT(response.warnings(), ElementsAre("web.service: it was hard"));
  }
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("apply web.service text [Service]\nExecStart=/bin/web\n at 7 restart by "
                          "uid 0"));
}

TEST_F(UnitServiceTest, APlanNamesTheUnitThatIsWrong) {
  v1::PlanUnitsRequest request;
  v1::PlanUnitsResponse response;
  request.add_units()->set_unit_id("web.socket");
  grpc::Status status = client_->PlanUnits(&context_, request, &response);
  EXPECT_EQ(socketd::testing::ReasonOf(status), "SOURCE_MISSING");
  request.mutable_units(0)->set_unit_file("[Socket]\nListenStream=99999\n");
  grpc::ClientContext second;
  status = client_->PlanUnits(&second, request, &response);
  EXPECT_EQ(socketd::testing::ReasonOf(status), "BAD_UNIT");
  EXPECT_THAT(engine_.Asked(), SizeIs(0));
}

TEST_F(UnitServiceTest, TheOtherJobs) {
  v1::StopUnitRequest stop;
  v1::StopUnitResponse stopped;
  stop.set_name("web.socket");
  ASSERT_TRUE(client_->StopUnit(&context_, stop, &stopped).ok());
  EXPECT_THAT(stopped.warnings(), ElementsAre("it still listens"));
  v1::RestartUnitRequest restart;
  v1::RestartUnitResponse restarted;
  restart.set_name("web.socket");
  restart.set_only_if_active(true);
  grpc::ClientContext second;
  ASSERT_TRUE(client_->RestartUnit(&second, restart, &restarted).ok());
  v1::ReloadUnitRequest reload;
  v1::ReloadUnitResponse reloaded;
  reload.set_name("web.socket");
  grpc::ClientContext third;
  ASSERT_TRUE(client_->ReloadUnit(&third, reload, &reloaded).ok());
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("stop web.socket by uid 0", "try-restart web.socket by uid 0",
                          "reload web.socket by uid 0"));
}

TEST_F(UnitServiceTest, PausesAndResumes) {
  engine_.Put("web.socket", ActiveState::kActive);
  v1::PauseUnitRequest pause;
  v1::PauseUnitResponse paused;
  pause.set_name("units/web.socket");
  grpc::ClientContext first;
  ASSERT_TRUE(client_->PauseUnit(&first, pause, &paused).ok());
  EXPECT_EQ(paused.unit().name(), "units/web.socket");
  v1::ResumeUnitRequest resume;
  v1::ResumeUnitResponse resumed;
  resume.set_name("web.socket");
  grpc::ClientContext second;
  ASSERT_TRUE(client_->ResumeUnit(&second, resume, &resumed).ok());
  EXPECT_EQ(resumed.unit().name(), "units/web.socket");
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("pause web.socket by uid 0", "resume web.socket by uid 0"));
}

TEST_F(UnitServiceTest, CleansTheStoreAndNothingElse) {
  auto held = std::make_shared<UnitSnapshot>();
  held->name = "web.service";
  held->service.store_most = 16;
  held->service.stored = std::make_shared<const std::vector<StoredDescriptor>>(
      std::vector<StoredDescriptor>{{"client", "socket"}, {"a \xff", "memfd"}});
  engine_.Put(held);
  v1::GetUnitRequest get;
  v1::Unit unit;
  get.set_name("web.service");
  grpc::ClientContext first;
  ASSERT_TRUE(client_->GetUnit(&first, get, &unit).ok());
  EXPECT_EQ(unit.status().service().stored(), 2U);
  EXPECT_EQ(unit.status().service().stored_max(), 16U);
  ASSERT_EQ(unit.status().service().stored_descriptors_size(), 2);
  EXPECT_EQ(unit.status().service().stored_descriptors(0).name(), "client");
  EXPECT_EQ(unit.status().service().stored_descriptors(0).kind(), "socket");
  v1::CleanUnitRequest clean;
  v1::CleanUnitResponse cleaned;
  clean.set_name("units/web.service");
  grpc::ClientContext second;
  ASSERT_TRUE(client_->CleanUnit(&second, clean, &cleaned).ok());
  EXPECT_EQ(cleaned.unit().name(), "units/web.service");
  // Only in the full view.
  EXPECT_EQ(cleaned.unit().status().service().stored_descriptors_size(), 0);
  clean.add_what(v1::CleanUnitRequest::WHAT_DESCRIPTOR_STORE);
  clean.add_what(static_cast<v1::CleanUnitRequest::What>(7));
  grpc::ClientContext third;
  const grpc::Status refused = client_->CleanUnit(&third, clean, &cleaned);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("look at web.service", "clean the store of web.service"));
}

TEST_F(UnitServiceTest, CreateTakesBothForms) {
  v1::CreateUnitRequest request;
  v1::Unit unit;
  request.set_unit_id("new.socket");
  request.set_unit_file("[Socket]\nListenStream=/run/new\n");
  ASSERT_TRUE(client_->CreateUnit(&context_, request, &unit).ok());
  EXPECT_EQ(unit.name(), "units/new.socket");
  grpc::ClientContext second;
  request.set_unit_id("newer.socket");
  v1::ListenAddress* listen = request.mutable_definition()->mutable_socket()->add_listen();
  listen->set_kind(v1::ListenAddress::KIND_STREAM);
  listen->set_address("/run/newer");
  ASSERT_TRUE(client_->CreateUnit(&second, request, &unit).ok());
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("create new.socket text [Socket]\nListenStream=/run/new\n",
                          "create newer.socket text [Socket]\nListenStream=/run/newer\n"));
}

TEST_F(UnitServiceTest, ABadSourceIsRefusedAtTheDoor) {
  v1::CreateUnitRequest request;
  v1::Unit unit;
  request.set_unit_id("new.socket");
  EXPECT_EQ(socketd::testing::ReasonOf(client_->CreateUnit(&context_, request, &unit)),
            "SOURCE_MISSING");
  request.set_unit_file("[Socket]\nListenStream=nonsense\n");
  grpc::ClientContext second;
  EXPECT_EQ(socketd::testing::ReasonOf(client_->CreateUnit(&second, request, &unit)), "BAD_UNIT");
  request.set_unit_file(std::string((1 << 20) + 1, '#'));
  grpc::ClientContext third;
  EXPECT_EQ(socketd::testing::ReasonOf(client_->CreateUnit(&third, request, &unit)),
            "UNIT_FILE_TOO_LONG");
  EXPECT_THAT(engine_.Asked(), SizeIs(0));
}

TEST_F(UnitServiceTest, UpdateAndDeletePassTheEtagOn) {
  v1::UpdateUnitRequest update;
  v1::UpdateUnitResponse updated;
  update.set_name("web.socket");
  update.set_etag("e1");
  update.set_unit_file("[Socket]\nListenStream=/run/new\n");
  ASSERT_TRUE(client_->UpdateUnit(&context_, update, &updated).ok());
  EXPECT_EQ(updated.takes_effect(), "next start");
  v1::DeleteUnitRequest deletion;
  v1::DeleteUnitResponse deleted;
  deletion.set_name("web.socket");
  deletion.set_etag("e2");
  grpc::ClientContext second;
  ASSERT_TRUE(client_->DeleteUnit(&second, deletion, &deleted).ok());
  EXPECT_EQ(deleted.revision(), 42);
  EXPECT_THAT(engine_.Asked(),
              ElementsAre("update web.socket etag e1", "delete web.socket etag e2"));
}

TEST_F(UnitServiceTest, TheRest) {
  v1::DumpUnitRequest dump;
  v1::DumpUnitResponse dumped;
  dump.set_name("web.socket");
  ASSERT_TRUE(client_->DumpUnit(&context_, dump, &dumped).ok());
  ASSERT_THAT(dumped.properties(), SizeIs(1));
  EXPECT_EQ(dumped.properties(0).key(), "State");
  EXPECT_EQ(dumped.properties(0).value(), "a: b");
  EXPECT_EQ(dumped.unit().name(), "units/web.socket");

  v1::ResetFailedRequest reset;
  v1::ResetFailedResponse was_reset;
  reset.add_names("units/web.socket");
  grpc::ClientContext second;
  ASSERT_TRUE(client_->ResetFailed(&second, reset, &was_reset).ok());
  EXPECT_THAT(was_reset.names(), ElementsAre("units/web.socket"));

  v1::LoadUnitsRequest load;
  v1::LoadUnitsResponse loaded;
  grpc::ClientContext third;
  ASSERT_TRUE(client_->LoadUnits(&third, load, &loaded).ok());
  EXPECT_EQ(loaded.loaded(), 3);
  EXPECT_THAT(loaded.problems(), ElementsAre("x.socket: bad"));

  v1::GetServerRequest about;
  v1::GetServerResponse told;
  grpc::ClientContext fourth;
  ASSERT_TRUE(client_->GetServer(&fourth, about, &told).ok());
  EXPECT_EQ(told.version(), "0.1.0");
  EXPECT_EQ(told.units(), 1);
  EXPECT_EQ(told.first_revision(), 1);
}

TEST_F(UnitServiceTest, VerifyTellsTheMistakesByLine) {
  v1::VerifyUnitRequest request;
  v1::VerifyUnitResponse response;
  request.set_unit_id("web.socket");
  request.set_unit_file("[Socket]\nBacklog=x\nListenStream=nonsense\nListenStream=/run/web\n");
  ASSERT_TRUE(client_->VerifyUnit(&context_, request, &response).ok());
  ASSERT_GE(response.problems_size(), 2);
  EXPECT_EQ(response.problems(0).line(), 2);
  EXPECT_TRUE(response.problems(0).fatal());
  EXPECT_EQ(response.problems(1).line(), 3);
}

TEST_F(UnitServiceTest, ARequestIdMakesARepeatHarmless) {
  v1::StartUnitRequest request;
  v1::StartUnitResponse response;
  request.set_name("web.socket");
  request.set_request_id("r1");
  ASSERT_TRUE(Start(request, response).ok());
  ASSERT_TRUE(Start(request, response).ok());
  EXPECT_EQ(response.unit().name(), "units/web.socket");
  EXPECT_THAT(engine_.Asked(), SizeIs(1));
  request.set_mode(v1::JOB_MODE_FAIL);
  EXPECT_EQ(socketd::testing::ReasonOf(Start(request, response)), "REQUEST_ID_REUSED");
  request.set_request_id(std::string(65, 'x'));
  EXPECT_EQ(socketd::testing::ReasonOf(Start(request, response)), "BAD_REQUEST_ID");
}

TEST_F(UnitServiceTest, AClientThatGoesAwayCancelsItsWaitAndNotTheJob) {
  engine_.hold = true;
  v1::StartUnitRequest request;
  v1::StartUnitResponse response;
  request.set_name("web.socket");
  request.set_request_id("r1");
  grpc::ClientContext impatient;
  impatient.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(client_->StartUnit(&impatient, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The job ends later, and whoever asks again gets its end.
  engine_.Release();
  ASSERT_TRUE(Start(request, response).ok());
  EXPECT_EQ(response.unit().name(), "units/web.socket");
  EXPECT_THAT(engine_.Asked(), SizeIs(1));
}

TEST_F(UnitServiceTest, MistakesInNamesAndModes) {
  v1::StartUnitRequest request;
  v1::StartUnitResponse response;
  request.set_name("web");
  EXPECT_EQ(socketd::testing::ReasonOf(Start(request, response)), "BAD_UNIT_NAME");
  request.set_name("web.socket");
  request.set_mode(static_cast<v1::JobMode>(99));
  EXPECT_EQ(socketd::testing::ReasonOf(Start(request, response)), "BAD_JOB_MODE");
}

}  // namespace
}  // namespace socketd
