#include "server/base/errors.h"

#include <cerrno>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::FailsBecause;
using ::socketd::testing::FailsWith;
using ::socketd::testing::HasFact;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Errors, KeepReasonFactsAndCode) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "NO_SUCH_UNIT", "no such unit",
                                    {{"unit", "web.socket"}, {"line", "4"}});
  EXPECT_THAT(status, FailsBecause("NO_SUCH_UNIT"));
  EXPECT_THAT(status, FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(FactsOf(status), ElementsAre(Pair("line", "4"), Pair("unit", "web.socket")));
  EXPECT_EQ(ErrnoOf(status), 0);
}

TEST(Errors, FactsMayHoldAnyByte) {
  const std::string odd = std::string("a=b\nc\\\"\x01\xff", 9) + std::string(1, '\0');
  const absl::Status status =
      Error(absl::StatusCode::kInvalidArgument, "BAD", "bad", {{"text", odd}, {"empty", ""}});
  EXPECT_THAT(FactsOf(status), ElementsAre(Pair("empty", ""), Pair("text", odd)));
}

TEST(Errors, ASystemErrorKeepsNumberAndCall) {
  const absl::Status status =
      SystemError(EADDRINUSE, "bind", {{"address", "/run/x"}}, "PORT_IN_USE");
  EXPECT_THAT(status, FailsBecause("PORT_IN_USE"));
  EXPECT_EQ(ErrnoOf(status), EADDRINUSE);
  EXPECT_THAT(FactsOf(status), ElementsAre(Pair("address", "/run/x"), Pair("call", "bind"),
                                           Pair("errno", "EADDRINUSE")));
}

TEST(Errors, ASystemErrorHasTheCanonicalCode) {
  EXPECT_THAT(SystemError(ENOENT, "open"), FailsWith(absl::StatusCode::kNotFound));
  EXPECT_THAT(SystemError(EACCES, "open"), FailsWith(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(SystemError(EAGAIN, "read"), FailsWith(absl::StatusCode::kUnavailable));
  EXPECT_THAT(SystemError(ENOENT, "open"), FailsBecause("SYSTEM_ERROR"));
}

TEST(Errors, AddedFactsDoNotReplaceKnownOnes) {
  absl::Status status = Error(absl::StatusCode::kInternal, "ODD", "odd", {{"unit", "a.service"}});
  status = WithFacts(std::move(status), {{"unit", "b.service"}, {"step", "chdir"}});
  EXPECT_THAT(status, HasFact("unit", "a.service"));
  EXPECT_THAT(status, HasFact("step", "chdir"));
  EXPECT_THAT(status, FailsBecause("ODD"));
}

TEST(Errors, FactsOnAStrangersStatus) {
  const absl::Status status = WithFacts(absl::InternalError("x"), {{"unit", "a.service"}});
  EXPECT_EQ(ReasonOf(status), "");
  EXPECT_THAT(status, HasFact("unit", "a.service"));
}

TEST(Errors, OkHasNothing) {
  EXPECT_EQ(WithFacts(absl::OkStatus(), {{"a", "b"}}), absl::OkStatus());
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_THAT(FactsOf(absl::OkStatus()), IsEmpty());
}

TEST(Errors, NamesOfErrnos) {
  EXPECT_EQ(ErrnoName(EADDRINUSE), "EADDRINUSE");
  EXPECT_EQ(ErrnoName(4711), "errno 4711");
}

TEST(Errors, ShortagesPassByThemselves) {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, ENOSPC}) {
    EXPECT_TRUE(IsResourceShortage(SystemError(error, "accept4"))) << error;
  }
  EXPECT_FALSE(IsResourceShortage(SystemError(EACCES, "accept4")));
  EXPECT_FALSE(IsResourceShortage(absl::ResourceExhaustedError("no errno")));
  EXPECT_FALSE(IsResourceShortage(absl::OkStatus()));
}

}  // namespace
}  // namespace socketd
