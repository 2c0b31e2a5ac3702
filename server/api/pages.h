// Page tokens: opaque to clients, inside them the last name sent and what was asked for, so that a
// token cannot be used with other filters. Units that come and go between pages disturb nothing.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

// `question` is the request in any stable form, without its token.
std::string MakePageToken(absl::string_view last_name, absl::string_view question);

// The name after which the page starts. INVALID_ARGUMENT (BAD_PAGE_TOKEN).
absl::StatusOr<std::string> ReadPageToken(absl::string_view token, absl::string_view question);

// INVALID_ARGUMENT (BAD_PAGE_SIZE) below zero; 0 is the default.
absl::StatusOr<int> PageSize(int asked);

}  // namespace socketd
