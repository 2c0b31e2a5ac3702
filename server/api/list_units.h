// One page of units from a board, filtered by name, type and state.
#pragma once

#include "absl/status/status.h"

#include "server/unit/snapshot.h"

namespace socketd {

namespace v1 {
class ListUnitsRequest;
class ListUnitsResponse;
}  // namespace v1

// INVALID_ARGUMENT: BAD_PATTERN, BAD_PAGE_TOKEN, BAD_PAGE_SIZE.
absl::Status ListUnits(const Board& board,
                       const v1::ListUnitsRequest& request,
                       v1::ListUnitsResponse& response);

}  // namespace socketd
