#include "server/api/names.h"

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

TEST(NamesTest, BothFormsAreTaken) {
  EXPECT_EQ(ParseResourceName("units/web.socket", "name")->text(), "web.socket");
  EXPECT_EQ(ParseResourceName("web.socket", "name")->text(), "web.socket");
  EXPECT_EQ(ResourceName("web.socket"), "units/web.socket");
}

TEST(NamesTest, ABadNameIsBlamedOnItsField) {
  for (const char* text : {"", "units/", "units/units/web.socket", "web", "../web.socket"}) {
    const absl::Status status = ParseResourceName(text, "unit_id").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(ReasonOf(status), "BAD_UNIT_NAME") << text;
    EXPECT_EQ(FactsOf(status)["field"], "unit_id") << text;
  }
}

}  // namespace
}  // namespace socketd
