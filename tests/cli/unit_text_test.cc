#include "cli/unit_text.h"

#include "gtest/gtest.h"

#include "cli/hint.h"

namespace socketd::cli {
namespace {

TEST(Age, HasTheTwoLargestUnits) {
  EXPECT_EQ(Age(absl::Seconds(0)), "0s");
  EXPECT_EQ(Age(absl::Milliseconds(999)), "0s");
  EXPECT_EQ(Age(absl::Seconds(59)), "59s");
  EXPECT_EQ(Age(absl::Seconds(60)), "1min");
  EXPECT_EQ(Age(absl::Seconds(3661)), "1h 1min");
  EXPECT_EQ(Age(absl::Hours(24 * 400) + absl::Seconds(1)), "400d 1s");
  EXPECT_EQ(Age(-absl::Seconds(5)), "0s");
}

TEST(Spelling, IsWhatOperatorsKnow) {
  EXPECT_EQ(Spelling(v1::RESULT_START_LIMIT_HIT), "start-limit-hit");
  EXPECT_EQ(Spelling(v1::LOAD_STATE_NOT_FOUND), "not-found");
  EXPECT_EQ(Spelling(v1::ACTIVE_STATE_UNSPECIFIED), "");
  // A newer daemon may send a number that this program does not know.
  EXPECT_EQ(Spelling(static_cast<v1::Result>(99)), "99");
}

TEST(CauseText, SaysWhoAndWhat) {
  v1::Cause cause;
  EXPECT_EQ(CauseText(cause), "");
  cause.set_kind(v1::Cause::KIND_REQUEST);
  cause.set_detail("uid 0");
  EXPECT_EQ(CauseText(cause), "request by uid 0");
  cause.set_kind(v1::Cause::KIND_TRAFFIC);
  cause.set_unit("web.socket");
  EXPECT_EQ(CauseText(cause), "traffic on web.socket (uid 0)");
  cause.set_kind(v1::Cause::KIND_DEPENDENCY);
  cause.clear_detail();
  EXPECT_EQ(CauseText(cause), "dependency of web.socket");
}

TEST(HintFor, NamesACommandForEveryTrouble) {
  v1::Unit unit;
  unit.set_name("units/web.socket");
  v1::UnitStatus& status = *unit.mutable_status();
  status.set_load_state(v1::LOAD_STATE_LOADED);
  status.set_active_state(v1::ACTIVE_STATE_ACTIVE);
  EXPECT_EQ(HintFor(unit), "");
  status.set_active_state(v1::ACTIVE_STATE_FAILED);
  for (int result = v1::Result_MIN + 2; result <= v1::Result_MAX; ++result) {
    status.set_result(static_cast<v1::Result>(result));
    EXPECT_NE(HintFor(unit).find("socketctl start web.socket"), std::string::npos) << result;
  }
  for (int state = v1::LOAD_STATE_NOT_FOUND; state <= v1::LoadState_MAX; ++state) {
    status.set_load_state(static_cast<v1::LoadState>(state));
    EXPECT_NE(HintFor(unit).find("'socketctl daemon-reload'"), std::string::npos) << state;
  }
}

}  // namespace
}  // namespace socketd::cli
