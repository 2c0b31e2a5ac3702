// What the API takes at most. Each bound has its reason; beyond it a call is refused with
// RESOURCE_EXHAUSTED or INVALID_ARGUMENT, and nobody else notices.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace socketd {

// The default of every gRPC client; a unit file has at most 1 MiB.
inline constexpr int kMessageBytesLimit = 4 << 20;
// Pages end here, so that one always fits into a message, whatever its units are.
inline constexpr size_t kPageBytesLimit = 3 << 20;
inline constexpr int kMetadataBytesLimit = 16 << 10;
// Clients refuse trailers beyond 8 KiB, details come in base64 and the message comes twice.
inline constexpr size_t kErrorDetailBytesLimit = 5 << 10;
inline constexpr size_t kErrorMessageBytesLimit = 1 << 10;
inline constexpr int kStreamsPerConnectionLimit = 1024;
// A watcher is a cursor and one message in flight: some 100 KiB with gRPC's own buffers.
inline constexpr size_t kWatchersLimit = 10'000;
// Calls that wait for the engine. Far beyond what operators and their tools have under way.
inline constexpr size_t kCallsLimit = 4096;
// One per uid; only root and the daemon's own user may do anything by default.
inline constexpr size_t kUidSlots = 64;
// Connections that were accepted but not yet taken by gRPC.
inline constexpr size_t kAdoptionsLimit = 1024;

inline constexpr size_t kRequestIdsLimit = 1024;
inline constexpr size_t kRequestIdBytesLimit = 64;
// Of all answers that are kept for repeated writes.
inline constexpr size_t kKeptAnswerBytesLimit = 16 << 20;

inline constexpr int kPageSizeDefault = 100;
inline constexpr int kPageSizeLimit = 1000;
inline constexpr size_t kPatternsLimit = 256;
inline constexpr size_t kPatternBytesLimit = 255;

// How far a slow watcher's transport may run ahead; gRPC's own window probing takes 4.3 MB.
inline constexpr int kStreamLookaheadBytes = 64 << 10;
// Changes that a watcher takes out of the history at once.
inline constexpr size_t kChangesPerRead = 16;
inline constexpr size_t kUnitsPerRead = 64;
inline constexpr int64_t kHeartbeatSecondsLeast = 1;

// PATH_MAX without its end, Linux.
inline constexpr size_t kPathBytesLimit = 4095;
// For the check of a program, and for its daemon to be ready: it has to be loaded, and to read what
// thousands of units were.
inline constexpr absl::Duration kUpgradeLimitLeast = absl::Milliseconds(100);
inline constexpr absl::Duration kUpgradeLimitDefault = absl::Seconds(10);
inline constexpr absl::Duration kUpgradeLimitMost = absl::Minutes(10);

}  // namespace socketd
