#include "server/main/visitors.h"

#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/api/access.h"
#include "server/base/errors.h"

namespace socketd {
namespace {

// 0: no open socket has this number.
uint64_t CookieOf(int number) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return getsockopt(number, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace

absl::Status Visitors::Admit(uint32_t uid, const Fd& connection) {
  if (IsOperator(uid, daemon_uid_)) return absl::OkStatus();
  const auto full = [&] { return visits_.size() >= kAllLimit || CountOf(uid) >= kEachLimit; };
  if (full()) ForgetGone();
  if (full()) {
    return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS",
                 absl::StrCat("at most ", kEachLimit, " connections of one user, and ", kAllLimit,
                              " of all but operators"),
                 {{"caller", ToText(Caller{.uid = uid})}});
  }
  visits_.push_back({uid, connection.number(), CookieOf(connection.number())});
  return absl::OkStatus();
}

size_t Visitors::CountOf(uint32_t uid) const {
  return static_cast<size_t>(std::count_if(visits_.begin(), visits_.end(),
                                           [uid](const Visit& visit) { return visit.uid == uid; }));
}

void Visitors::ForgetGone() {
  visits_.erase(
      std::remove_if(visits_.begin(), visits_.end(),
                     [](const Visit& visit) { return CookieOf(visit.number) != visit.cookie; }),
      visits_.end());
}

}  // namespace socketd
