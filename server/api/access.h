// Who may call what: one row per RPC. Who calls is told by the socket (peer credentials), never by
// the call. Checked before a handler runs (gate.h). Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/base/uid.h"

namespace socketd {

// The other end of a connection.
struct Caller {
  enum class Transport : uint8_t { kUnix, kTcp };
  uint32_t uid = kNobodyUid;
  int pid = 0;  // at the time of the connection; 0: unknown
  Transport transport = Transport::kUnix;
};

// PERMISSION_DENIED (ACCESS_DENIED) unless a row lets `uid` call `path`, as
// "/socketd.v1.UnitService/GetUnit". For a path without a row operators are let through, so that
// gRPC can say that there is no such method.
absl::Status CheckAccess(uint32_t uid, uint32_t daemon_uid, absl::string_view path);

// "uid 1000", or "unknown": the cause's detail of what the caller asks for.
std::string ToText(const Caller& caller);

}  // namespace socketd
