// Any datagram is read as a notification: what is understood is within its bounds, and the message
// as a whole obeys its rules.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/base/check.h"
#include "server/base/text.h"
#include "server/unit/notify_message.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using socketd::NotifyMessage;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const NotifyMessage message = socketd::ParseNotifyMessage(text);
  CHECK(!message.status.has_value() || socketd::IsCleanUtf8(*message.status));
  CHECK(!message.main_pid.has_value() || *message.main_pid > 0);
  CHECK(!message.error.has_value() || *message.error > 0);
  CHECK(!message.extended.has_value() || *message.extended > absl::ZeroDuration());
  CHECK(!message.fd_name.has_value() ||
        (!message.fd_name->empty() && message.fd_name->size() <= 255 &&
         message.fd_name->find(':') == std::string::npos));
  CHECK(message.bad_lines <= size + 1);
  const bool says_more = message.ready || message.stopping || message.reloading ||
                         message.status.has_value() || message.main_pid.has_value() ||
                         message.store || message.store_remove;
  CHECK(!message.barrier || !says_more);
  CHECK(size <= socketd::kNotifyMessageLimit + 1 || !says_more);
  return 0;
}
