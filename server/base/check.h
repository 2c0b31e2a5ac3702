// CHECK guards what only our own mistake can break; it is always on and ends the process with the
// place and the condition. What the world may do wrong is a Status, never a CHECK.
#pragma once

namespace socketd {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace socketd

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::socketd::CheckFailed(__FILE__, __LINE__, #condition))
