#include "server/unit/unit_name.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr size_t kLongestName = 255;  // systemd.unit(5)
constexpr absl::string_view kOtherSuffixes[] = {"device", "mount", "automount", "swap",
                                                "timer",  "path",  "slice",     "scope"};

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == ':' || c == '-' || c == '_' || c == '.' || c == '\\' ||
         c == '@';
}

bool KnownType(absl::string_view suffix, UnitType& type) {
  if (suffix == "socket")
    type = UnitType::kSocket;
  else if (suffix == "service")
    type = UnitType::kService;
  else if (suffix == "target")
    type = UnitType::kTarget;
  else {
    type = UnitType::kOther;
    for (absl::string_view other : kOtherSuffixes) {
      if (suffix == other) return true;
    }
    return false;
  }
  return true;
}

absl::Status BadName(absl::string_view text, absl::string_view why) {
  return Error(
      absl::StatusCode::kInvalidArgument, "BAD_UNIT_NAME",
      absl::StrCat("\"", absl::CEscape(text.substr(0, kLongestName)), "\" is no unit name: ", why),
      {{"unit", std::string(text.substr(0, kLongestName))}});
}

}  // namespace

UnitName::UnitName(std::string text, UnitType type) : text_(std::move(text)), type_(type) {}

absl::StatusOr<UnitName> UnitName::Parse(absl::string_view text) {
  if (text.empty()) return BadName(text, "it is empty");
  if (text.size() > kLongestName) return BadName(text, "it is longer than 255 bytes");
  for (char c : text) {
    if (!IsNameCharacter(c))
      return BadName(text, "only letters, digits and :-_.\\@ may stand in it");
  }
  const size_t dot = text.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) {
    return BadName(text, "it needs a suffix, as .socket or .service");
  }
  if (text[0] == '@') return BadName(text, "nothing stands before the @");
  UnitType type{};
  if (!KnownType(text.substr(dot + 1), type)) {
    return BadName(text, "its suffix is none of .socket, .service, .target or systemd's others");
  }
  return UnitName(std::string(text), type);
}

absl::string_view UnitName::suffix() const {
  return absl::string_view(text_).substr(text_.rfind('.') + 1);
}

absl::string_view UnitName::stem() const {
  return absl::string_view(text_).substr(0, text_.rfind('.'));
}

absl::string_view UnitName::prefix() const {
  const absl::string_view name = stem();
  return name.substr(0, name.find('@'));
}

absl::string_view UnitName::instance() const {
  const absl::string_view name = stem();
  const size_t at = name.find('@');
  return at == absl::string_view::npos ? absl::string_view() : name.substr(at + 1);
}

bool UnitName::is_template() const {
  const absl::string_view name = stem();
  return name.find('@') == name.size() - 1;
}

bool UnitName::is_instance() const {
  return !instance().empty();
}

UnitName UnitName::TemplateName() const {
  if (!is_instance()) return *this;
  return UnitName(absl::StrCat(prefix(), "@.", suffix()), type_);
}

absl::StatusOr<UnitName> UnitName::WithInstance(absl::string_view instance) const {
  if (!is_template() && !is_instance()) return BadName(text_, "it is no template");
  return Parse(absl::StrCat(prefix(), "@", instance, ".", suffix()));
}

UnitName UnitName::WithSuffix(absl::string_view suffix) const {
  UnitType type{};
  KnownType(suffix, type);
  return UnitName(absl::StrCat(stem(), ".", suffix), type);
}

absl::Status UnitNotFound(absl::string_view name) {
  return Error(absl::StatusCode::kNotFound, "UNIT_NOT_FOUND",
               absl::StrCat("there is no unit ", name), {{"unit", std::string(name)}});
}

std::string EscapeForUnitName(absl::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '/') {
      escaped += '-';
    } else if ((absl::ascii_isalnum(c) || c == ':' || c == '_' || c == '.') &&
               !(c == '.' && i == 0)) {
      escaped += c;
    } else {
      absl::StrAppendFormat(&escaped, "\\x%02x", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string UnescapeFromUnitName(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string byte;
    if (text[i] == '-') {
      plain += '/';
    } else if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
               absl::ascii_isxdigit(text[i + 2]) && absl::ascii_isxdigit(text[i + 3])) {
      byte = absl::HexStringToBytes(text.substr(i + 2, 2));
      plain += byte;
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace socketd
