#include "server/engine/change_set.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/world.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::HasFact;
using ::socketd::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kWebService[] = "[Service]\nExecStart=/bin/web\n";
constexpr char kWebSocket[] = "[Socket]\nListenStream=127.0.0.1:80\n";

UnitSource Wish(const std::string& unit, const std::string& text) {
  UnitSource source;
  source.unit = unit;
  source.text = text;
  source.remove = text.empty();
  return source;
}

class ChangeSetTest : public ::testing::Test {
 protected:
  ChangeSetTest() { world_.AddProgram("/bin/web", "accepts 1 connections, hangs"); }
  ~ChangeSetTest() override { EXPECT_THAT(world_.complaints(), IsEmpty()); }

  absl::StatusOr<ChangePlan> Plan(std::vector<UnitSource> units) {
    ApplyRequest request;
    request.units = std::move(units);
    return world_.engine().core().PlanUnits(request);
  }
  void PutLower(const std::string& unit, const std::string& text) {
    world_.kernel().files().Put(absl::StrCat(sim::kLowerUnitPath, "/", unit), text);
  }

  sim::World world_;
};

TEST_F(ChangeSetTest, APlanChangesNothing) {
  world_.AddUnit("web.socket", kWebSocket);
  world_.AddUnit("web.service", kWebService);
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.socket");
  world_.Settle();
  const size_t units = world_.engine().core().table().size();
  const auto plan = Plan({Wish("web.socket", "[Socket]\nListenStream=127.0.0.1:81\n"),
                          Wish("new.service", kWebService)});
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->revision, world_.changes().back().revision);
  ASSERT_THAT(plan->units, SizeIs(2));
  EXPECT_THAT(plan->units[0].listeners, SizeIs(2));
  EXPECT_EQ(plan->units[1].action, UnitChange::Action::kCreate);
  world_.Settle();
  const sim::FakeFiles& files = world_.kernel().files();
  EXPECT_EQ(files.Find(absl::StrCat(sim::kUnitPath, "/web.socket"))->text, kWebSocket);
  EXPECT_EQ(files.Find(absl::StrCat(sim::kUnitPath, "/new.service")), nullptr);
  EXPECT_EQ(world_.engine().core().table().size(), units);
  EXPECT_EQ(world_.Find("web.socket")->socket.listeners[0].bound, "127.0.0.1:80");
}

TEST_F(ChangeSetTest, ARunningServiceIsNamedForItselfAndForItsSocketsAddresses) {
  world_.AddUnit("web.socket", kWebSocket);
  world_.AddUnit("web.service", kWebService);
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.socket");
  world_.Settle();
  const std::string other = "[Socket]\nListenStream=127.0.0.1:81\n";
  EXPECT_THAT(Plan({Wish("web.socket", other)})->restarts, IsEmpty());
  ASSERT_THAT(world_.kernel().ports().Connect("127.0.0.1:80"), IsOk());
  world_.Settle();
  ASSERT_EQ(world_.StateOf("web.service"), "running");
  EXPECT_THAT(Plan({Wish("web.socket", other)})->restarts, ElementsAre("web.service"));
  const std::string tuned = absl::StrCat(kWebSocket, "Backlog=5\n");
  EXPECT_THAT(Plan({Wish("web.socket", tuned)})->restarts, IsEmpty());
  EXPECT_THAT(
      Plan({Wish("web.socket", other), Wish("web.service", "[Service]\nExecStart=/bin/web -v\n")})
          ->restarts,
      ElementsAre("web.service"));
}

TEST_F(ChangeSetTest, InstancesFollowTheirTemplate) {
  world_.AddUnit("web@.socket", "[Socket]\nListenStream=127.0.0.1:80%i\n");
  world_.AddUnit("web@.service", kWebService);
  world_.Boot();
  world_.Ask(JobKind::kStart, "web@1.socket");
  world_.Settle();
  ASSERT_EQ(world_.StateOf("web@1.socket"), "listening");
  const auto plan = Plan({Wish("web@.socket", "[Socket]\nListenStream=127.0.0.1:90%i\n")});
  ASSERT_THAT(plan, IsOk());
  ASSERT_THAT(plan->units, SizeIs(2));
  EXPECT_EQ(plan->units[1].unit, "web@1.socket");
  ASSERT_THAT(plan->units[1].listeners, SizeIs(2));
  EXPECT_EQ(plan->units[1].listeners[0].address, "127.0.0.1:901");
  EXPECT_EQ(plan->units[1].listeners[1].action, ListenerChange::Action::kClose);
}

TEST_F(ChangeSetTest, DropInsCountAndACopyTakesThePlaceOfAPackagesFile) {
  PutLower("web.socket", kWebSocket);
  PutLower("web.service", kWebService);
  world_.kernel().files().Put(absl::StrCat(sim::kLowerUnitPath, "/web.socket.d/a.conf"),
                              "[Socket]\nBacklog=7\n");
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.socket");
  world_.Settle();
  const auto plan = Plan({Wish("web.socket", absl::StrCat(kWebSocket, "NoDelay=yes\n"))});
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->units[0].action, UnitChange::Action::kChange);
  EXPECT_THAT(plan->units[0].directives,
              ElementsAre(DirectiveChange{"Socket", "NoDelay", {}, {"yes"}}));
}

TEST_F(ChangeSetTest, WhatIsRefused) {
  PutLower("far.service", kWebService);
  world_.AddUnit("web.service", kWebService);
  world_.AddUnit("off.service", "");
  world_.AddUnit("up@.service", kWebService);
  world_.kernel().files().PutSymlink(absl::StrCat(sim::kUnitPath, "/www.service"), "web.service");
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.service");
  world_.Ask(JobKind::kStart, "up@1.service");
  world_.Settle();
  EXPECT_THAT(Plan({}), FailsBecause("SOURCE_MISSING"));
  EXPECT_THAT(Plan({Wish("a.mount", "[Mount]\n")}), FailsBecause("UNIT_TYPE_UNSUPPORTED"));
  EXPECT_THAT(Plan({Wish("a.service", kWebService), Wish("a.service", kWebService)}),
              FailsBecause("UNIT_REPEATED"));
  const auto alias = Plan({Wish("www.service", kWebService)});
  EXPECT_THAT(alias, FailsBecause("UNIT_IS_ALIAS"));
  EXPECT_THAT(alias, HasFact("name", "web.service"));
  EXPECT_THAT(Plan({Wish("off.service", kWebService)}), FailsBecause("UNIT_MASKED"));
  EXPECT_THAT(Plan({Wish("a.service", "[Service]\n")}), FailsBecause("BAD_UNIT"));
  EXPECT_THAT(Plan({Wish("none.service", "")}), FailsBecause("UNIT_NOT_FOUND"));
  EXPECT_THAT(Plan({Wish("far.service", "")}), FailsBecause("UNIT_NOT_WRITABLE"));
  EXPECT_THAT(Plan({Wish("web.service", "")}), FailsBecause("UNIT_ACTIVE"));
  EXPECT_THAT(Plan({Wish("up@.service", "")}), FailsBecause("UNIT_ACTIVE"));
}

TEST_F(ChangeSetTest, WhatWaitsForTheNextStartIsAWarning) {
  world_.AddUnit("web.socket", kWebSocket);
  world_.AddUnit("web.service", kWebService);
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.socket");
  world_.Settle();
  ApplyRequest request;
  request.units = {Wish("web.socket", absl::StrCat(kWebSocket, "ReusePort=yes\nBacklog=5\n"))};
  world_.Apply(request);
  world_.Settle();
  EXPECT_THAT(world_.Find("web.socket")->warnings,
              ElementsAre("[Socket] ReusePort=: what the file says counts from the next start"));
  world_.Ask(JobKind::kStop, "web.socket");
  world_.Settle();
  EXPECT_THAT(world_.Find("web.socket")->warnings, IsEmpty());
}

TEST_F(ChangeSetTest, ASocketThatIsOnItsWayUpIsAskedForAgain) {
  world_.AddUnit("web.socket", absl::StrCat(kWebSocket, "ExecStartPre=/bin/pre\n"));
  world_.AddUnit("web.service", kWebService);
  world_.AddProgram("/bin/pre", "hangs");
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.socket");
  world_.Settle();
  EXPECT_THAT(Plan({Wish("web.socket", kWebSocket)}), FailsBecause("TRY_AGAIN"));
}

}  // namespace
}  // namespace socketd
