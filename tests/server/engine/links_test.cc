#include "server/engine/links.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/server/engine/fake_host.h"

namespace socketd {
namespace {

using ::socketd::testing::FakeHost;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LinksTest : public ::testing::Test {
 protected:
  FakeHost host_;
  Unit& a_ = host_.unit("a.target");
  Unit& b_ = host_.unit("b.target");
};

TEST_F(LinksTest, AnEdgeIsSeenFromBothEnds) {
  Links::Tie(a_, LinkKind::kRequires, b_);
  EXPECT_THAT(a_.links().of(LinkKind::kRequires), ElementsAre(&b_));
  EXPECT_THAT(b_.links().of(LinkKind::kRequiredBy), ElementsAre(&a_));
  EXPECT_THAT(b_.links().of(LinkKind::kRequires), IsEmpty());
}

TEST_F(LinksTest, AnEdgeIsMadeOnceAndNeverToItself) {
  Links::Tie(a_, LinkKind::kAfter, b_);
  Links::Tie(a_, LinkKind::kAfter, b_);
  Links::Tie(b_, LinkKind::kBefore, a_);
  Links::Tie(a_, LinkKind::kAfter, a_);
  EXPECT_THAT(a_.links().of(LinkKind::kAfter), ElementsAre(&b_));
  EXPECT_THAT(b_.links().of(LinkKind::kBefore), ElementsAre(&a_));
}

TEST_F(LinksTest, CuttingOnesOwnLeavesWhatOthersSay) {
  Links::Tie(a_, LinkKind::kWants, b_);
  Links::Tie(b_, LinkKind::kWants, a_);
  Links::CutOwn(a_);
  EXPECT_THAT(a_.links().of(LinkKind::kWants), IsEmpty());
  EXPECT_THAT(a_.links().of(LinkKind::kWantedBy), ElementsAre(&b_));
}

TEST_F(LinksTest, AnEdgeThatBothEndsDeclareStaysUntilBothHaveCutIt) {
  Links::Tie(a_, LinkKind::kBefore, b_);
  Links::Tie(b_, LinkKind::kAfter, a_);
  Links::CutOwn(a_);
  EXPECT_THAT(a_.links().of(LinkKind::kBefore), ElementsAre(&b_));
  EXPECT_THAT(b_.links().of(LinkKind::kAfter), ElementsAre(&a_));
  Links::CutOwn(b_);
  EXPECT_TRUE(a_.links().Empty());
  EXPECT_TRUE(b_.links().Empty());
}

TEST_F(LinksTest, CuttingAllForgetsWhoeverDeclaredIt) {
  Links::Tie(a_, LinkKind::kBefore, b_);
  Links::Tie(b_, LinkKind::kAfter, a_);
  Links::CutAll(a_);
  EXPECT_TRUE(a_.links().Empty());
  EXPECT_TRUE(b_.links().Empty());
  Links::CutOwn(b_);  // nothing of it is left
  EXPECT_TRUE(b_.links().Empty());
}

TEST(LinkKinds, ComeInPairs) {
  for (size_t i = 0; i < kLinkKinds; ++i) {
    const auto kind = static_cast<LinkKind>(i);
    EXPECT_NE(InverseOf(kind), kind);
    EXPECT_EQ(InverseOf(InverseOf(kind)), kind);
    EXPECT_FALSE(NameOf(kind).empty());
  }
  EXPECT_EQ(InverseOf(LinkKind::kTriggers), LinkKind::kTriggeredBy);
}

}  // namespace
}  // namespace socketd
