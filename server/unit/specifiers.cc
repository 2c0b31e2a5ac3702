#include "server/unit/specifiers.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/errors.h"

namespace socketd {
namespace {

constexpr size_t kLongestResult = size_t{1} << 20;  // bytes

// A specifier whose meaning is a value of the machine or the daemon.
struct Given {
  char letter;
  std::string Surroundings::* value;
  bool needed;  // without it there is no sensible text
};

constexpr Given kGiven[] = {
    {'a', &Surroundings::architecture, false},
    {'b', &Surroundings::boot_id, true},
    {'B', &Surroundings::os_build_id, false},
    {'C', &Surroundings::cache_directory, false},
    {'D', &Surroundings::shared_data_directory, false},
    {'E', &Surroundings::configuration_directory, false},
    {'g', &Surroundings::group_name, false},
    {'G', &Surroundings::group_id, false},
    {'h', &Surroundings::user_home, false},
    {'H', &Surroundings::host_name, true},
    {'L', &Surroundings::logs_directory, false},
    {'m', &Surroundings::machine_id, true},
    {'o', &Surroundings::os_id, false},
    {'s', &Surroundings::user_shell, false},
    {'S', &Surroundings::state_directory, false},
    {'t', &Surroundings::runtime_directory, false},
    {'T', &Surroundings::temporary_directory, false},
    {'u', &Surroundings::user_name, false},
    {'U', &Surroundings::user_id, false},
    {'v', &Surroundings::kernel_release, false},
    {'V', &Surroundings::variable_temporary_directory, false},
    {'w', &Surroundings::os_version_id, false},
    {'W', &Surroundings::os_variant_id, false},
    {'y', &Surroundings::fragment_path, true},
};

absl::Status BadSpecifier(char letter, absl::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "BAD_SPECIFIER",
               absl::StrCat("%", std::string(1, letter), " has no value: ", why),
               {{"specifier", absl::StrCat("%", std::string(1, letter))}});
}

// What stands after the last "-" of the prefix.
absl::string_view LastPart(absl::string_view prefix) {
  const size_t dash = prefix.rfind('-');
  return dash == absl::string_view::npos ? prefix : prefix.substr(dash + 1);
}

// %f: the path that the instance, or else the prefix, stands for.
std::string NamedPath(const UnitName& name) {
  const absl::string_view part = name.is_instance() ? name.instance() : name.prefix();
  const std::string path = UnescapeFromUnitName(part);
  return absl::StartsWith(path, "/") ? path : absl::StrCat("/", path);
}

// A specifier that the unit's own name answers; false if `letter` is none.
bool FromName(char letter, const UnitName& name, std::string& value) {
  switch (letter) {
    case 'f':
      value = NamedPath(name);
      return true;
    case 'i':
      value = std::string(name.instance());
      return true;
    case 'I':
      value = UnescapeFromUnitName(name.instance());
      return true;
    case 'j':
      value = std::string(LastPart(name.prefix()));
      return true;
    case 'J':
      value = UnescapeFromUnitName(LastPart(name.prefix()));
      return true;
    case 'n':
      value = name.text();
      return true;
    case 'N':
      value = std::string(name.stem());
      return true;
    case 'p':
      value = std::string(name.prefix());
      return true;
    case 'P':
      value = UnescapeFromUnitName(name.prefix());
      return true;
    default:
      return false;
  }
}

// A specifier made from another value of the machine; false if `letter` is none.
bool FromOther(char letter, const UnitName& name, const Surroundings& around, std::string& value) {
  switch (letter) {
    case '%':
      value = "%";
      return true;
    case 'A':  // the version and the name of the OS image: only image-based systems have them
    case 'M':
      value.clear();
      return true;
    case 'd':
      value = absl::StrCat(around.runtime_directory, "/credentials/", name.text());
      return true;
    case 'l':
    case 'q':
      value =
          letter == 'q' ? around.host_name : around.host_name.substr(0, around.host_name.find('.'));
      return true;
    case 'Y':
      value = around.fragment_path.substr(0, around.fragment_path.rfind('/'));
      return true;
    default:
      return false;
  }
}

// Appends what "%letter" stands for.
absl::Status AppendMeaning(char letter,
                           const UnitName& name,
                           const Surroundings& around,
                           std::string& text) {
  std::string value;
  if (FromName(letter, name, value) || FromOther(letter, name, around, value)) {
    text += value;
    return absl::OkStatus();
  }
  for (const Given& given : kGiven) {
    if (given.letter != letter) continue;
    const std::string& known = around.*given.value;
    if (known.empty() && given.needed) return BadSpecifier(letter, "this machine has none");
    text += known;
    return absl::OkStatus();
  }
  absl::StrAppend(&text, "%", std::string(1, letter));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ExpandSpecifiers(absl::string_view text,
                                             const UnitName& name,
                                             const Surroundings& surroundings) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char letter = text[++i];
    absl::Status status = AppendMeaning(letter, name, surroundings, result);
    if (!status.ok()) return status;
    if (result.size() > kLongestResult) return BadSpecifier(letter, "the text grows beyond 1 MiB");
  }
  return result;
}

}  // namespace socketd
