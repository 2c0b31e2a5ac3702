// The definitions that calls bring, in fields or as text: checked at the door, so that a mistake is
// told with its line or field before the engine hears of it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"

#include "server/engine/engine_handle.h"
#include "server/unit/unit_name.h"

namespace grpc {
class Status;
}

namespace socketd {

namespace v1 {
class CreateUnitRequest;
class UnitSource;
class UpdateUnitRequest;
class VerifyUnitResponse;
}  // namespace v1

// Fills unit and text of `source`; what came in fields is written as text. INVALID_ARGUMENT:
// BAD_UNIT with all mistakes, SOURCE_MISSING, UNIT_FILE_TOO_LONG.
grpc::Status ReadSource(const v1::CreateUnitRequest& request,
                        const UnitName& name,
                        UnitSource& source);
grpc::Status ReadSource(const v1::UpdateUnitRequest& request,
                        const UnitName& name,
                        UnitSource& source);

// The same for units that are changed together; BAD_UNIT_NAME as well.
using UnitSources = google::protobuf::RepeatedPtrField<v1::UnitSource>;
grpc::Status ReadSources(const UnitSources& messages, std::vector<UnitSource>& sources);

// What is wrong with a unit file's text, warnings included, by line.
// INVALID_ARGUMENT: UNIT_FILE_TOO_LONG.
absl::Status Verify(const UnitName& name,
                    const std::string& text,
                    v1::VerifyUnitResponse& response);

}  // namespace socketd
