#include "server/api/replies.h"

#include "proto/socketd/v1/unit_service.pb.h"
#include "server/api/convert.h"
#include "server/api/convert_plan.h"
#include "server/base/text.h"

namespace socketd {

std::shared_ptr<v1::Unit> UnitOf(const UnitSnapshotPtr& snapshot) {
  auto unit = std::make_shared<v1::Unit>();
  if (snapshot != nullptr) Convert(*snapshot, View::kFull, *unit);
  return unit;
}

std::shared_ptr<v1::UpdateUnitResponse> UpdateOf(const UnitSnapshotPtr& snapshot) {
  auto update = std::make_shared<v1::UpdateUnitResponse>();
  *update->mutable_unit() = *UnitOf(snapshot);
  update->set_takes_effect(AtRest(snapshot->active_state) ? "now" : "next start");
  return update;
}

std::shared_ptr<v1::DumpUnitResponse> DumpOf(const DumpReport& report) {
  auto dump = std::make_shared<v1::DumpUnitResponse>();
  Convert(report, *dump);
  return dump;
}

std::shared_ptr<v1::LoadUnitsResponse> LoadOf(const LoadReport& report) {
  auto message = std::make_shared<v1::LoadUnitsResponse>();
  message->set_loaded(report.loaded);
  for (const std::string& problem : report.problems)
    message->add_problems(problem);
  return message;
}

std::shared_ptr<v1::PlanUnitsResponse> PlanOf(const ChangePlan& plan) {
  auto message = std::make_shared<v1::PlanUnitsResponse>();
  Convert(plan, *message->mutable_plan());
  return message;
}

std::shared_ptr<v1::ApplyUnitsResponse> ApplyOf(const ApplyReport& report) {
  auto message = std::make_shared<v1::ApplyUnitsResponse>();
  Convert(report.plan, *message->mutable_plan());
  for (const std::string& warning : report.warnings)
    message->add_warnings(CleanText(warning));
  return message;
}

}  // namespace socketd
