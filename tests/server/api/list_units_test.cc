#include "server/api/list_units.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/base/errors.h"
#include "tests/server/api/fake_engine.h"

namespace socketd {
namespace {

using socketd::testing::FakeEngine;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class ListUnitsTest : public ::testing::Test {
 protected:
  ListUnitsTest() {
    engine_.Put("a.socket", ActiveState::kActive);
    engine_.Put("b.service", ActiveState::kFailed);
    engine_.Put("c.socket");
    engine_.Put("d.target");
  }
  std::vector<std::string> List() {
    response_.Clear();
    status_ = ListUnits(*engine_.board(), request_, response_);
    std::vector<std::string> names;
    for (const v1::Unit& unit : response_.units())
      names.push_back(unit.name());
    return names;
  }

  FakeEngine engine_;
  v1::ListUnitsRequest request_;
  v1::ListUnitsResponse response_;
  absl::Status status_;
};

TEST_F(ListUnitsTest, AllAreSentByName) {
  EXPECT_THAT(List(),
              ElementsAre("units/a.socket", "units/b.service", "units/c.socket", "units/d.target"));
  EXPECT_EQ(response_.next_page_token(), "");
}

TEST_F(ListUnitsTest, FiltersAreJoined) {
  request_.add_types("socket");
  EXPECT_THAT(List(), ElementsAre("units/a.socket", "units/c.socket"));
  request_.add_states("listening");
  EXPECT_THAT(List(), ElementsAre("units/a.socket"));
  request_.add_patterns("c*");
  EXPECT_THAT(List(), SizeIs(0));
}

TEST_F(ListUnitsTest, TemplatesAreForThoseWhoAsk) {
  auto unit = std::make_shared<UnitSnapshot>();
  unit->name = "e@.service";
  unit->sub_state = "template";
  engine_.Put(unit);
  EXPECT_THAT(List(), SizeIs(4));
  request_.add_patterns("e@*.service");
  EXPECT_THAT(List(), SizeIs(0));
  request_.add_patterns("e@.service");
  EXPECT_THAT(List(), ElementsAre("units/e@.service"));
  request_.clear_patterns();
  request_.add_states("template");
  EXPECT_THAT(List(), ElementsAre("units/e@.service"));
}

TEST_F(ListUnitsTest, StatesAreOfAnyKind) {
  request_.add_states("failed");
  EXPECT_THAT(List(), ElementsAre("units/b.service"));
  request_.set_states(0, "loaded");
  EXPECT_THAT(List(), SizeIs(4));
}

TEST_F(ListUnitsTest, PagesFollowEachOtherAndFiltersHold) {
  request_.set_page_size(1);
  request_.add_types("socket");
  EXPECT_THAT(List(), ElementsAre("units/a.socket"));
  request_.set_page_token(response_.next_page_token());
  EXPECT_THAT(List(), ElementsAre("units/c.socket"));
  EXPECT_EQ(response_.next_page_token(), "");
  request_.set_types(0, "service");
  List();
  EXPECT_EQ(ReasonOf(status_), "BAD_PAGE_TOKEN");
}

TEST_F(ListUnitsTest, AUnitThatComesBetweenPagesDisturbsNothing) {
  request_.set_page_size(2);
  List();
  engine_.Put("a0.socket");
  engine_.Put("b1.socket");
  request_.set_page_token(response_.next_page_token());
  EXPECT_THAT(List(), ElementsAre("units/b1.socket", "units/c.socket"));
}

TEST_F(ListUnitsTest, BadQuestionsAreRefused) {
  request_.set_page_size(-1);
  List();
  EXPECT_EQ(ReasonOf(status_), "BAD_PAGE_SIZE");
}

TEST_F(ListUnitsTest, APageFitsIntoAMessage) {
  for (int i = 0; i < 300; ++i) {
    auto unit = std::make_shared<UnitSnapshot>(*engine_.Put("x"));
    unit->name = "x" + std::to_string(i) + ".socket";
    unit->warnings.assign(1, std::string(50'000, 'w'));
    engine_.Put(unit);
  }
  request_.set_page_size(1000);
  List();
  EXPECT_LT(response_.ByteSizeLong(), 4U << 20);
  EXPECT_NE(response_.next_page_token(), "");
}

}  // namespace
}  // namespace socketd
