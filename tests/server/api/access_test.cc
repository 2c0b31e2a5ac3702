#include "server/api/access.h"

#include <string>

#include "gtest/gtest.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr uint32_t kDaemon = 1000;
constexpr uint32_t kStranger = 4242;
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

TEST(AccessTest, EveryMethodIsForOperatorsOnly) {
  const google::protobuf::ServiceDescriptor* service =
      v1::StartUnitRequest::descriptor()->file()->FindServiceByName("UnitService");
  ASSERT_NE(service, nullptr);
  ASSERT_GT(service->method_count(), 10);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string path = "/socketd.v1.UnitService/" + service->method(i)->name();
    EXPECT_TRUE(CheckAccess(0, kDaemon, path).ok()) << path;
    EXPECT_TRUE(CheckAccess(kDaemon, kDaemon, path).ok()) << path;
    const absl::Status refused = CheckAccess(kStranger, kDaemon, path);
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << path;
    EXPECT_EQ(ReasonOf(refused), "ACCESS_DENIED");
    EXPECT_EQ(FactsOf(refused)["caller"], "uid 4242");
  }
}

TEST(AccessTest, NobodyGetsNothing) {
  EXPECT_FALSE(CheckAccess(kNobodyUid, kDaemon, kHealth).ok());
  // Not even where the daemon itself runs as nobody.
  EXPECT_FALSE(CheckAccess(kNobodyUid, kNobodyUid, "/socketd.v1.UnitService/GetUnit").ok());
}

TEST(AccessTest, AnyUserMayAskForHealthButForNothingUnknown) {
  EXPECT_TRUE(CheckAccess(kStranger, kDaemon, kHealth).ok());
  EXPECT_FALSE(CheckAccess(kStranger, kDaemon, "/grpc.health.v1.Health/CheckX").ok());
  EXPECT_FALSE(CheckAccess(kStranger, kDaemon, "").ok());
  EXPECT_TRUE(CheckAccess(0, kDaemon, "/no.such.Service/Method").ok());
}

}  // namespace
}  // namespace socketd
