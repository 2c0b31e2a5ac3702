#include "server/engine/engine_core.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/log.h"
#include "tests/sim/world.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::IsOk;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

class EngineCoreTest : public ::testing::Test {
 protected:
  ~EngineCoreTest() override { EXPECT_THAT(world_.complaints(), IsEmpty()); }

  const UnitTable& table() { return world_.engine().core().table(); }

  sim::World world_;
};

TEST_F(EngineCoreTest, ANameThatIsAskedForInVainLeavesNothing) {
  world_.Boot();
  const size_t before = table().size();
  const size_t asked = world_.Ask(JobKind::kStart, "nowhere.service");
  world_.Settle();
  EXPECT_THAT(world_.asked(asked).status, FailsBecause("UNIT_NOT_FOUND"));
  EXPECT_EQ(table().size(), before);
}

TEST_F(EngineCoreTest, AUnitThatALowerFolderStillHasIsNotDeleted) {
  const std::string lower = absl::StrCat(sim::kLowerUnitPath, "/web.service");
  world_.kernel().files().Put(lower, "[Service]\nExecStart=/bin/lower\n");
  world_.AddUnit("web.service", "[Service]\nExecStart=/bin/upper\n");
  world_.Boot();
  world_.Delete("web.service");
  world_.Settle();
  EXPECT_THAT(world_.asked().back()->status, IsOk());
  ASSERT_THAT(world_.changes(), SizeIs(1));
  EXPECT_EQ(world_.changes()[0].from, "dead");
  EXPECT_EQ(world_.changes()[0].to, "dead");  // only the definition is another
  ASSERT_NE(world_.Find("web.service"), nullptr);
  EXPECT_EQ(world_.Find("web.service")->fragment_path, lower);
}

TEST_F(EngineCoreTest, ADumpHasEachFactAsAPair) {
  world_.AddUnit("a.socket", "[Socket]\nListenStream=80\nExecStopPre=/bin/a: b\n");
  world_.Boot();
  const absl::StatusOr<DumpReport> dump = world_.engine().core().Dump("a.socket");
  ASSERT_TRUE(dump.ok());
  EXPECT_THAT(dump->properties, Contains(Pair("StopPre Command Line", "/bin/a: b")));
  EXPECT_THAT(dump->properties, Contains(Pair("Name", "a.socket")));
  EXPECT_THAT(dump->properties, Each(Key(Not(HasSubstr("->")))));
}

TEST_F(EngineCoreTest, ALookTellsWhetherFilesHaveChanged) {
  world_.AddUnit("web.service", "[Service]\nExecStart=/bin/web\n");
  world_.Boot();
  const auto changed = [this] {
    bool seen = false;
    world_.engine().handle().Look("web.service", [&](const absl::StatusOr<UnitSnapshotPtr>& unit) {
      seen = unit.ok() && (*unit)->source_changed;
    });
    world_.Settle();
    EXPECT_EQ(world_.Find("web.service")->source_changed, seen);
    return seen;
  };
  EXPECT_FALSE(changed());
  world_.AddUnit("web.service", "[Service]\nExecStart=/bin/other\n");
  EXPECT_TRUE(changed());
  world_.Load();
  world_.Settle();
  EXPECT_FALSE(changed());
  EXPECT_THAT(world_.engine().core().Look("no.service"), FailsBecause("UNIT_NOT_FOUND"));
}

TEST_F(EngineCoreTest, AProcessThatIsLeftBehindIsNamed) {
  world_.AddUnit("web.service",
                 "[Service]\nExecStart=/bin/web\nExecStop=/bin/stop\nKillMode=none\n"
                 "TimeoutStopSec=1s\n");
  world_.AddProgram("/bin/web", "hangs");
  world_.AddProgram("/bin/stop", "hangs");
  world_.Boot();
  world_.Ask(JobKind::kStart, "web.service");
  world_.Settle();
  const int pid = world_.kernel().processes().Find("/bin/web")->pid;
  SetLogLevel(Level::kWarning);
  CaptureStderr();
  world_.Ask(JobKind::kStop, "web.service");
  world_.Advance(absl::Seconds(10));
  const std::string log = GetCapturedStderr();
  SetLogLevel(Level::kError);
  EXPECT_EQ(world_.StateOf("web.service"), "failed");
  EXPECT_THAT(log, HasSubstr(absl::StrCat("unit.left-behind unit=web.service pid=", pid)));
}

}  // namespace
}  // namespace socketd
