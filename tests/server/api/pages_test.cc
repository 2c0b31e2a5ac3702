#include "server/api/pages.h"

#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

TEST(PagesTest, ATokenLeadsBackToItsName) {
  const absl::StatusOr<std::string> name = ReadPageToken(MakePageToken("web.socket", "q"), "q");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, "web.socket");
  EXPECT_EQ(*ReadPageToken("", "q"), "");
}

TEST(PagesTest, ATokenIsGoodForItsQuestionOnly) {
  EXPECT_EQ(ReasonOf(ReadPageToken(MakePageToken("web.socket", "q"), "r").status()),
            "BAD_PAGE_TOKEN");
  EXPECT_EQ(ReasonOf(ReadPageToken("nonsense", "q").status()), "BAD_PAGE_TOKEN");
  EXPECT_EQ(ReasonOf(ReadPageToken("%%%", "q").status()), "BAD_PAGE_TOKEN");
}

TEST(PagesTest, SizesAreBounded) {
  EXPECT_EQ(*PageSize(0), 100);
  EXPECT_EQ(*PageSize(7), 7);
  EXPECT_EQ(*PageSize(1'000'000), 1000);
  EXPECT_EQ(ReasonOf(PageSize(-1).status()), "BAD_PAGE_SIZE");
}

}  // namespace
}  // namespace socketd
