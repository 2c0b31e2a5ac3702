// The step that makes directories for a service and gives them to its user. It runs as root in
// folders that a service may have had its hands on, so a link of anybody but root or ourselves is
// followed nowhere: neither on the way nor at its end.
#pragma once

namespace socketd::exec {

// Keeps an owner as it is.
constexpr unsigned kKeepOwner = ~0U;

struct Managed {
  const char* path;  // absolute
  unsigned mode;
  unsigned uid;
  unsigned gid;
};

// 0 or -errno.
long ManageDirectory(const Managed& wanted);  // NOLINT(google-runtime-int): a machine word

}  // namespace socketd::exec
