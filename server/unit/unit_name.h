// A checked unit name and its parts: "web.socket", "ssh@.service" (a template), "ssh@a-b.service"
// (an instance). A UnitName is always valid; text becomes one at the door, with Parse.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

// The types that can run here. Others (mount, timer, ...) may be named in dependencies; they load
// as not-found.
enum class UnitType : uint8_t { kSocket, kService, kTarget, kOther };

class UnitName {
 public:
  // At most 255 bytes of letters, digits, ":-_.\@", with a known suffix; systemd.unit(5).
  // INVALID_ARGUMENT (BAD_UNIT_NAME) otherwise.
  static absl::StatusOr<UnitName> Parse(absl::string_view text);

  const std::string& text() const { return text_; }
  UnitType type() const { return type_; }

  bool is_template() const;            // "ssh@.service"
  bool is_instance() const;            // "ssh@x.service"
  absl::string_view suffix() const;    // "service"
  absl::string_view stem() const;      // "ssh@x": the name without ".service"
  absl::string_view prefix() const;    // "ssh"
  absl::string_view instance() const;  // "x"; "" for templates and plain names

  UnitName TemplateName() const;  // "ssh@.service"; of a plain name: itself
  // The instance of this template (or of the template of this instance). `instance` is escaped
  // already. INVALID_ARGUMENT if the result is no name.
  absl::StatusOr<UnitName> WithInstance(absl::string_view instance) const;
  // The same name with another suffix, as "web.socket" to "web.service".
  UnitName WithSuffix(absl::string_view suffix) const;

  friend bool operator==(const UnitName& left, const UnitName& right) {
    return left.text_ == right.text_;
  }
  friend bool operator<(const UnitName& left, const UnitName& right) {
    return left.text_ < right.text_;
  }
  template <typename H>
  friend H AbslHashValue(H state, const UnitName& name) {
    return H::combine(std::move(state), name.text_);
  }

 private:
  UnitName(std::string text, UnitType type);

  std::string text_;
  UnitType type_;
};

// NOT_FOUND (UNIT_NOT_FOUND).
absl::Status UnitNotFound(absl::string_view name);

// systemd-escape(1): what may stand in an instance, and back.
std::string EscapeForUnitName(absl::string_view text);
std::string UnescapeFromUnitName(absl::string_view text);

}  // namespace socketd
