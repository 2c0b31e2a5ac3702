#include "server/engine/engine_core.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/sim/world.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace socketd
