#include "server/base/check.h"

#include "gtest/gtest.h"

namespace socketd {
namespace {

TEST(CheckDeathTest, EndsTheProcessWithPlaceAndCondition) {
  const int two = 2;
  CHECK(two == 2);
  EXPECT_DEATH(CHECK(two == 3), "check_test.cc:[0-9]+: CHECK failed: two == 3");
}

}  // namespace
}  // namespace socketd
