#include "server/api/access.h"

#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

enum class Who : uint8_t { kOperators, kAnyUser };

struct Row {
  absl::string_view path;
  Who who;
};

constexpr Row kRows[] = {
    {"/socketd.v1.UnitService/GetUnit", Who::kOperators},
    {"/socketd.v1.UnitService/ListUnits", Who::kOperators},
    {"/socketd.v1.UnitService/CreateUnit", Who::kOperators},
    {"/socketd.v1.UnitService/UpdateUnit", Who::kOperators},
    {"/socketd.v1.UnitService/DeleteUnit", Who::kOperators},
    {"/socketd.v1.UnitService/PlanUnits", Who::kOperators},
    {"/socketd.v1.UnitService/ApplyUnits", Who::kOperators},
    {"/socketd.v1.UnitService/StartUnit", Who::kOperators},
    {"/socketd.v1.UnitService/StopUnit", Who::kOperators},
    {"/socketd.v1.UnitService/RestartUnit", Who::kOperators},
    {"/socketd.v1.UnitService/ReloadUnit", Who::kOperators},
    {"/socketd.v1.UnitService/PauseUnit", Who::kOperators},
    {"/socketd.v1.UnitService/ResumeUnit", Who::kOperators},
    {"/socketd.v1.UnitService/ResetFailed", Who::kOperators},
    {"/socketd.v1.UnitService/CleanUnit", Who::kOperators},
    {"/socketd.v1.UnitService/DumpUnit", Who::kOperators},
    {"/socketd.v1.UnitService/LoadUnits", Who::kOperators},
    {"/socketd.v1.UnitService/VerifyUnit", Who::kOperators},
    {"/socketd.v1.UnitService/WatchUnits", Who::kOperators},
    {"/socketd.v1.UnitService/GetServer", Who::kOperators},
    {"/socketd.v1.UnitService/UpgradeServer", Who::kOperators},
    // Whether the daemon serves is no secret: who can reach the socket sees that already.
    {"/grpc.health.v1.Health/Check", Who::kAnyUser},
    {"/grpc.health.v1.Health/Watch", Who::kOperators},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Who::kOperators},
};

Who WhoMay(absl::string_view path) {
  for (const Row& row : kRows)
    if (row.path == path) return row.who;
  return Who::kOperators;
}

}  // namespace

absl::Status CheckAccess(uint32_t uid, uint32_t daemon_uid, absl::string_view path) {
  const bool known = uid != kNobodyUid;
  if (known && WhoMay(path) == Who::kAnyUser) return absl::OkStatus();
  if (IsOperator(uid, daemon_uid)) return absl::OkStatus();
  const std::string who = ToText(Caller{.uid = uid});
  return Error(absl::StatusCode::kPermissionDenied, "ACCESS_DENIED",
               absl::StrCat(path, " is for root and the user that runs socketd; you are ", who),
               {{"caller", who}, {"method", std::string(path)}});
}

std::string ToText(const Caller& caller) {
  return caller.uid == kNobodyUid ? "unknown" : absl::StrCat("uid ", caller.uid);
}

}  // namespace socketd
