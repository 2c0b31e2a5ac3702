// What the engine answers, as the messages of the API.
#pragma once

#include <memory>

#include "server/engine/engine_handle.h"

namespace socketd {

namespace v1 {
class ApplyUnitsResponse;
class DumpUnitResponse;
class LoadUnitsResponse;
class PlanUnitsResponse;
class Unit;
class UpdateUnitResponse;
}  // namespace v1

// In the full view; null: an empty one.
std::shared_ptr<v1::Unit> UnitOf(const UnitSnapshotPtr& snapshot);
std::shared_ptr<v1::UpdateUnitResponse> UpdateOf(const UnitSnapshotPtr& snapshot);
std::shared_ptr<v1::DumpUnitResponse> DumpOf(const DumpReport& report);
std::shared_ptr<v1::LoadUnitsResponse> LoadOf(const LoadReport& report);
std::shared_ptr<v1::PlanUnitsResponse> PlanOf(const ChangePlan& plan);
std::shared_ptr<v1::ApplyUnitsResponse> ApplyOf(const ApplyReport& report);

}  // namespace socketd
