#include "server/api/request_ids.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

Reply Ok(int64_t revision) {
  auto response = std::make_shared<v1::DeleteUnitResponse>();
  response->set_revision(revision);
  return {grpc::Status::OK, response};
}

class RequestIdsTest : public testing::Test {
 protected:
  RequestIds::Waiter Keep() {
    return [this](const Reply& reply) { kept_.push_back(reply); };
  }
  int64_t Revision(size_t index) const {
    return dynamic_cast<const v1::DeleteUnitResponse&>(*kept_.at(index).response).revision();
  }

  std::vector<Reply> kept_;
};

TEST_F(RequestIdsTest, ARepeatGetsTheFirstAnswer) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  ids.Settle({0, "a"}, Ok(7));
  EXPECT_TRUE(kept_.empty());
  EXPECT_FALSE(*ids.Begin({0, "a"}, "content", Keep()));
  ASSERT_EQ(kept_.size(), 1U);
  EXPECT_EQ(Revision(0), 7);
}

TEST_F(RequestIdsTest, ARepeatWaitsForTheFirst) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_FALSE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_FALSE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_TRUE(kept_.empty());
  ids.Settle({0, "a"}, Ok(7));
  EXPECT_EQ(kept_.size(), 2U);
}

TEST_F(RequestIdsTest, OtherContentIsRefused) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_EQ(ReasonOf(ids.Begin({0, "a"}, "other", Keep()).status()), "REQUEST_ID_REUSED");
  ids.Settle({0, "a"}, Ok(7));
  EXPECT_EQ(ReasonOf(ids.Begin({0, "a"}, "other", Keep()).status()), "REQUEST_ID_REUSED");
}

TEST_F(RequestIdsTest, AnotherUserHasOtherIds) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_TRUE(*ids.Begin({1000, "a"}, "other", Keep()));
}

TEST_F(RequestIdsTest, FailuresAreAnswersToo) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  ids.Settle({0, "a"}, {grpc::Status(grpc::StatusCode::NOT_FOUND, ""), nullptr});
  EXPECT_FALSE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_EQ(kept_.at(0).status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(RequestIdsTest, WhatWasNotDoneMayBeTriedAgain) {
  RequestIds ids(8, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  EXPECT_FALSE(*ids.Begin({0, "a"}, "content", Keep()));
  ids.Settle({0, "a"}, {grpc::Status(grpc::StatusCode::UNAVAILABLE, ""), nullptr});
  EXPECT_EQ(kept_.size(), 1U);
  EXPECT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
}

TEST_F(RequestIdsTest, TheOldestIsForgotten) {
  RequestIds ids(2, 1 << 20);
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(*ids.Begin({0, id}, "content", Keep()));
    ids.Settle({0, id}, Ok(7));
  }
  EXPECT_FALSE(*ids.Begin({0, "b"}, "content", Keep()));
  EXPECT_FALSE(*ids.Begin({0, "c"}, "content", Keep()));
  EXPECT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
}

TEST_F(RequestIdsTest, WhatIsUnderWayIsNeverForgotten) {
  RequestIds ids(2, 1 << 20);
  ASSERT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
  ASSERT_TRUE(*ids.Begin({0, "b"}, "content", Keep()));
  EXPECT_EQ(ReasonOf(ids.Begin({0, "c"}, "content", Keep()).status()), "TOO_MANY_CALLS");
  ids.Settle({0, "a"}, Ok(7));
  EXPECT_TRUE(*ids.Begin({0, "c"}, "content", Keep()));
  EXPECT_FALSE(*ids.Begin({0, "b"}, "content", Keep()));
}

TEST_F(RequestIdsTest, AnswersAreBoundedInBytes) {
  const Reply reply = Ok(1 << 30);
  RequestIds ids(100, 3 * reply.response->ByteSizeLong());
  for (const char* id : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(*ids.Begin({0, id}, "content", Keep()));
    ids.Settle({0, id}, reply);
  }
  EXPECT_FALSE(*ids.Begin({0, "b"}, "content", Keep()));
  EXPECT_TRUE(*ids.Begin({0, "a"}, "content", Keep()));
}

}  // namespace
}  // namespace socketd
