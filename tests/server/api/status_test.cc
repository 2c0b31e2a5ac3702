#include "server/api/status.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

struct Details {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest blame;
};

Details DetailsOf(const grpc::Status& status) {
  Details details;
  EXPECT_TRUE(details.status.ParseFromString(status.error_details()));
  for (const google::protobuf::Any& detail : details.status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&details.info);
    if (detail.Is<google::rpc::BadRequest>()) detail.UnpackTo(&details.blame);
  }
  return details;
}

TEST(StatusTest, OkIsOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

TEST(StatusTest, ReasonAndFactsTravel) {
  const grpc::Status status = ToGrpc(Error(absl::StatusCode::kFailedPrecondition, "PORT_IN_USE",
                                           "port 80 is taken", {{"address", "0.0.0.0:80"}}));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "port 80 is taken");
  const Details details = DetailsOf(status);
  EXPECT_EQ(details.info.domain(), "socketd");
  EXPECT_EQ(details.info.reason(), "PORT_IN_USE");
  EXPECT_EQ(details.info.metadata().at("address"), "0.0.0.0:80");
  EXPECT_EQ(details.blame.field_violations_size(), 0);
  EXPECT_EQ(details.status.code(), 9);
}

TEST(StatusTest, AFieldIsBlamed) {
  const Details details = DetailsOf(ToGrpc(Error(
      absl::StatusCode::kInvalidArgument, "BAD_UNIT_NAME", "no name", {{"field", "unit_id"}})));
  ASSERT_EQ(details.blame.field_violations_size(), 1);
  EXPECT_EQ(details.blame.field_violations(0).field(), "unit_id");
  EXPECT_EQ(details.blame.field_violations(0).description(), "no name");
}

TEST(StatusTest, AFailureWithoutAReasonHasOneHere) {
  EXPECT_EQ(DetailsOf(ToGrpc(absl::InternalError("x"))).info.reason(), "INTERNAL");
}

TEST(StatusTest, TrailersStaySmallWhateverTheFacts) {
  const grpc::Status status =
      ToGrpc(Error(absl::StatusCode::kInternal, "BIG", std::string(100'000, 'x'),
                   {{"a", std::string(100'000, 'y')}, {"field", "f"}}));
  // base64 of the details and the message must fit into the 8 KiB that clients take.
  EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size(), 8000U);
}

TEST(StatusTest, BytesThatAreNoTextAreEscaped) {
  const grpc::Status status =
      ToGrpc(Error(absl::StatusCode::kInternal, "X", "bad \xff", {{"path", "\xff"}}));
  EXPECT_EQ(status.error_message(), "bad \\377");
  EXPECT_EQ(DetailsOf(status).info.metadata().at("path"), "\\377");
}

Problems TwentyMistakes(size_t message_size) {
  Problems problems;
  for (int line = 1; line <= 20; ++line) {
    Problem problem;
    problem.line = line;
    problem.section = "Socket";
    problem.key = "Backlog";
    problem.message = std::string(message_size, 'm');
    problem.fatal = true;
    problems.push_back(problem);
    problem.fatal = false;
    problems.push_back(problem);
  }
  return problems;
}

TEST(StatusTest, EveryFatalMistakeIsAViolation) {
  const grpc::Status status = ToGrpc("web.socket", TwentyMistakes(80));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const Details details = DetailsOf(status);
  EXPECT_EQ(details.info.reason(), "BAD_UNIT");
  EXPECT_EQ(details.info.metadata().at("mistakes"), "20");
  ASSERT_EQ(details.blame.field_violations_size(), 20);
  EXPECT_EQ(details.blame.field_violations(1).field(), "unit_file:2:Socket.Backlog");
}

TEST(StatusTest, MoreMistakesThanFitAreCounted) {
  const grpc::Status status = ToGrpc("web.socket", TwentyMistakes(1000));
  EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size(), 8000U);
  const Details details = DetailsOf(status);
  ASSERT_GT(details.blame.field_violations_size(), 1);
  EXPECT_EQ(details.blame.field_violations().rbegin()->description(), "and 17 more");
}

}  // namespace
}  // namespace socketd
