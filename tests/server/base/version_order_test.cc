#include "server/base/version_order.h"

#include <cstddef>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace socketd {
namespace {

void ExpectOlderToNewer(const std::vector<std::string>& versions) {
  for (size_t i = 0; i + 1 < versions.size(); ++i) {
    SCOPED_TRACE(versions[i] + " and " + versions[i + 1]);
    EXPECT_LT(CompareVersions(versions[i], versions[i + 1]), 0);
    EXPECT_GT(CompareVersions(versions[i + 1], versions[i]), 0);
  }
}

TEST(VersionOrder, MarksSayWhatIsBeforeAVersionAndAfterIt) {
  ExpectOlderToNewer({"~~", "~", "", "122.1~rc1", "122.1", "122.1-1", "123~a", "123", "123-a",
                      "123-a.1", "123-a1", "123-a1-1", "123-3", "123^patch", "123^1", "123.a",
                      "123.1", "123a", "124"});
}

TEST(VersionOrder, KernelsGoByTheirNumbers) {
  ExpectOlderToNewer(
      {"4.9", "5.10.0-1", "5.10.0-12-amd64", "5.10.0-21-amd64", "6.1~rc3", "6.1", "6.1.2", "6.10"});
}

TEST(VersionOrder, SomeAreTheSame) {
  EXPECT_EQ(CompareVersions("6.1", "6.1"), 0);
  EXPECT_EQ(CompareVersions("6.01", "6.1"), 0);
  EXPECT_EQ(CompareVersions("6+1", "6/1"), 0);
}

}  // namespace
}  // namespace socketd
