#include "server/api/status.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/errors.h"
#include "server/unit/schema.h"
#include "server/unit/unit_name.h"
#include "tests/testing/twenty_mistakes.h"

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

TEST(StatusTest, MessagesAreCutBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 1000; ++i)
    text += "\xC3\xA4";
  const grpc::Status status = ToGrpc(absl::InternalError(text));
  EXPECT_EQ(status.error_message(), text.substr(0, 1023));
}

TEST(StatusTest, BytesThatAreNoTextAreEscaped) {
  const grpc::Status status =
      ToGrpc(Error(absl::StatusCode::kInternal, "X", "bad \xff", {{"path", "\xff"}}));
  EXPECT_EQ(status.error_message(), "bad \\377");
  EXPECT_EQ(DetailsOf(status).info.metadata().at("path"), "\\377");
}

Problems TwentyMistakes() {
  v1::UnitDefinition definition;
  Problems problems;
  const std::string text = absl::StrCat(testing::kTwentyMistakes, "OnlyAWarning=1\n");
  ReadUnitFile(*UnitName::Parse("web.socket"), {"f", text}, definition, problems);
  return problems;
}

TEST(StatusTest, EveryFatalMistakeIsAViolation) {
  const Problems problems = TwentyMistakes();
  ASSERT_EQ(problems.size(), 21U);
  const grpc::Status status = ToGrpc("web.socket", problems);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const Details details = DetailsOf(status);
  EXPECT_EQ(details.info.reason(), "BAD_UNIT");
  EXPECT_EQ(details.info.metadata().at("mistakes"), "20");
  ASSERT_EQ(details.blame.field_violations_size(), 20);
  std::set<std::string> places;
  for (const auto& violation : details.blame.field_violations())
    places.insert(violation.field());
  EXPECT_EQ(places.size(), 20U);
  EXPECT_EQ(places.count("unit_file:11:Socket.Backlog"), 1U);
}

TEST(StatusTest, MoreMistakesThanFitAreCounted) {
  for (const size_t size : {size_t{1}, size_t{30}, size_t{300}, size_t{1000}, size_t{3000}}) {
    Problem problem;
    problem.file = "f";
    problem.message = std::string(size, 'm');
    problem.fatal = true;
    const Problems problems(500, problem);
    const grpc::Status status = ToGrpc(std::string(246, 'w') + ".socket", problems);
    EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size(), 8000U) << size;
    const Details details = DetailsOf(status);
    const int shown = details.blame.field_violations_size() - 1;
    ASSERT_GT(shown, 0);
    EXPECT_EQ(details.blame.field_violations(shown).description(),
              absl::StrCat("and ", problems.size() - static_cast<size_t>(shown), " more"));
  }
}

}  // namespace
}  // namespace socketd
